// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/sign.h"

#include <cstdlib>
#include <filesystem>
#include <map>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/ssh_signature.h"
#include "lib/policy/revision.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/linux_files.h"

namespace fettle::cli {
namespace {

// Time enough to find and touch a hardware token.
constexpr absl::Duration kSignTime = absl::Minutes(2);
constexpr std::string_view kHow =
    "--sign-key FILE names one; `ssh-keygen -t ed25519` makes one; its public half must stand in "
    "the server's trusted_keys";

// What ssh-keygen needs of our environment to find the agent.
std::map<std::string, std::string> AgentEnvironment() {
  std::map<std::string, std::string> environment;
  for (const char* const name : {"SSH_AUTH_SOCK", "HOME"}) {
    if (const char* const value = secure_getenv(name); value != nullptr) {
      environment[name] = value;
    }
  }
  return environment;
}

// The hint for what went wrong, from what ssh-keygen wrote.
std::string_view Hint(std::string_view said) {
  if (said.find("passphrase") != std::string_view::npos) {
    return "; if the key has a passphrase, give it to your agent first: ssh-add";
  }
  if (said.find("agent") != std::string_view::npos) {
    return "; `ssh-add -l` shows what your agent holds";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> DefaultSigningKey() {
  const char* const home = secure_getenv("HOME");
  if (home == nullptr || *home == '\0') {
    return NotFound("HOME is not set, so there is no key to sign with: {}", kHow);
  }
  const sys::LinuxFiles files("", "");
  for (const char* const name : {"id_ed25519", "id_ed25519_sk"}) {
    const std::string path = fmt::format("{}/.ssh/{}", home, name);
    if (files.Stat(path).ok()) {
      return path;
    }
  }
  return NotFound("there is no key to sign with in {}/.ssh (id_ed25519): {}", home, kHow);
}

absl::StatusOr<std::string> SignRevision(std::string_view statement, const std::string& key) {
  std::error_code error;
  sys::Command command;
  command.argv = {"ssh-keygen",
                  "-Y",
                  "sign",
                  "-n",
                  std::string(policy::kRevisionNamespace),
                  "-f",
                  std::filesystem::absolute(key, error).string()};
  command.environment = AgentEnvironment();
  command.input = std::string(statement);
  auto result = sys::RunCommand(command, Deadline::After(kSignTime));
  if (absl::IsNotFound(result.status())) {
    return FailedPrecondition("cannot sign: ssh-keygen is not installed (openssh-client)");
  }
  RETURN_IF_ERROR(result.status());
  if (result->exit_code != 0) {
    return FailedPrecondition(
        "cannot sign with {}: {}{}", key, Trim(result->err), Hint(result->err));
  }
  const auto signature = pki::ParseSshSignature(result->out);
  if (!signature.ok()) {
    return Annotate(signature.status(), fmt::format("{} cannot sign revisions", key));
  }
  RETURN_IF_ERROR(
      Annotate(policy::VerifyRevision(statement, result->out, {&signature->key, 1}).status(),
               "ssh-keygen made a signature that does not fit"));
  return std::move(result->out);
}

}  // namespace fettle::cli
