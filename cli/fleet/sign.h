// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fettle::cli {

// The key that signs when none is named: ~/.ssh/id_ed25519, or id_ed25519_sk for a hardware token.
// kNotFound, with what to do, if there is none.
absl::StatusOr<std::string> DefaultSigningKey();

// The signature of `statement` as a revision by `ssh-keygen -Y sign`. `key` is a private key's
// file, or a public one's whose private half an SSH agent ($SSH_AUTH_SOCK) has. Asks for no
// passphrase: a key that has one must be in the agent. The signature is read back and checked
// before it is returned. kFailedPrecondition with what ssh-keygen said.
absl::StatusOr<std::string> SignRevision(std::string_view statement, const std::string& key);

}  // namespace fettle::cli
