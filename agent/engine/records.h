// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "agent/engine/prepared.h"
#include "agent/journal/knowledge.h"
#include "lib/resource/report.h"
#include "lib/resource/resource.h"

namespace fettle::engine {

// The differences of a resource as they may be shown and sent: with their causes, and with every
// secret replaced, on both sides. `known` is null when it was never seen at rest.
std::vector<resource::DifferenceRecord> MakeRecords(const Item& item,
                                                    std::span<const resource::Difference> drift,
                                                    const journal::Known* known);

// The gravest cause among them.
resource::Cause GravestCause(std::span<const resource::DifferenceRecord> records);

// `text` (an error message) without any secret of the resource.
std::string WithoutSecrets(const Item& item, std::string_view text);

// The error of a look or a change without any secret. Of a sensitive command or check nothing is
// shown: what it printed or found may be the secret itself, which nobody declared.
std::string ErrorToShow(const Item& item, const absl::Status& status);

// What is to be remembered of a resource that is at rest: how it is declared, and what we set in
// this run (`set`, empty when nothing) or before (`before`, may be null).
journal::Known MakeKnown(const Item& item,
                         std::span<const resource::Difference> set,
                         const journal::Known* before);

// Over all of the declaration that is state of the host.
journal::Fingerprint DeclarationFingerprint(const Item& item);

}  // namespace fettle::engine
