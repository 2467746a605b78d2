// SPDX-License-Identifier: Apache-2.0
#include "modules/exec/exec.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/host.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::RefreshKind;
using resource::Value;

std::vector<std::string> ArgvOf(const Attributes& attributes) {
  if (attributes.Has("shell")) {
    return {"/bin/sh", "-c", attributes.String("shell", "")};
  }
  return attributes.StringList("command");
}

// The command as declared but for its argv and input, which differ between command and check.
sys::Command Surroundings(const Attributes& attributes) {
  constexpr uint32_t kUsualUmask = 0022;
  sys::Command command;
  command.directory = attributes.String("cwd", "/");
  command.user = attributes.String("user", "");
  command.group = attributes.String("group", "");
  command.umask = attributes.Mode("umask", kUsualUmask);
  if (const Value* const environment = attributes.Find("environment")) {
    for (const auto& [name, value] : environment->AsMap()) {
      command.environment[name] = value.AsString();
    }
  }
  return command;
}

// The secret texts that a command is given and might repeat in what it prints.
std::vector<std::string> SecretsOf(const Attributes& attributes) {
  std::vector<std::string> secrets;
  if (const Value* const input = attributes.Find("input")) {
    secrets.push_back(input->AsString());
    // Programs tend to repeat single lines of what they were given.
    for (const std::string_view line : SplitLines(input->AsString())) {
      secrets.emplace_back(Trim(line));
    }
  }
  if (const Value* const environment = attributes.Find("environment")) {
    for (const auto& [name, value] : environment->AsMap()) {
      if (value.HasSecret()) {
        secrets.push_back(value.AsString());
      }
    }
  }
  return secrets;
}

class ExecResource final : public resource::Resource, public resource::Refreshable {
 public:
  ExecResource(std::string_view /*name*/, const Attributes& attributes)
      : command_(Surroundings(attributes)),
        check_(Surroundings(attributes)),
        secrets_(SecretsOf(attributes)),
        creates_(attributes.String("creates", "")),
        expect_exit_(attributes.StringList("expect_exit")) {
    command_.argv = ArgvOf(attributes);
    check_.argv = attributes.StringList("check");
    if (const Value* const input = attributes.Find("input")) {
      command_.input = input->AsString();
    }
  }

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<resource::Reaction> Refresh(RefreshKind kind,
                                             sys::Host& host,
                                             Deadline deadline) const override;

  absl::StatusOr<absl::Time> LastRefresh(const sys::HostReader& host,
                                         Deadline deadline) const override;

 private:
  absl::Status RunCommand(sys::Host& host, Deadline deadline) const;
  // What of `creates` and `check` is not so yet.
  absl::StatusOr<std::vector<Difference>> LeftToDo(const sys::HostReader& host,
                                                   Deadline deadline) const;
  absl::StatusOr<std::optional<Difference>> LookAtCheck(const sys::HostReader& host,
                                                        Deadline deadline) const;
  std::string WithoutSecrets(std::string text) const;

  sys::Command command_;
  sys::Command check_;
  std::vector<std::string> secrets_;
  std::string creates_;
  std::vector<std::string> expect_exit_;
  // When this object last ran it well. A run that has just applied it need not run it a second time
  // because of the same change.
  mutable absl::Time last_run_ = absl::InfinitePast();
};

std::string ExecResource::WithoutSecrets(std::string text) const {
  constexpr std::string_view kInstead = "(secret)";
  for (const std::string& secret : secrets_) {
    if (secret.empty()) {
      continue;
    }
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kInstead.size())) {
      text.replace(at, secret.size(), kInstead);
    }
  }
  return text;
}

absl::StatusOr<std::optional<Difference>> ExecResource::LookAtCheck(const sys::HostReader& host,
                                                                    Deadline deadline) const {
  const absl::StatusOr<sys::CommandResult> result = host.prober().Probe(check_, deadline);
  if (absl::IsNotFound(result.status())) {
    // The program may come with a package of the same run.
    return Difference{"check", "no such program", "exit 0"};
  }
  RETURN_IF_ERROR(Annotate(result.status(), "check"));
  if (result->exit_code == 0) {
    return std::nullopt;
  }
  return Difference{"check", fmt::format("exit {}", result->exit_code), "exit 0"};
}

absl::StatusOr<std::vector<Difference>> ExecResource::LeftToDo(const sys::HostReader& host,
                                                               Deadline deadline) const {
  std::vector<Difference> differences;
  if (!creates_.empty()) {
    const absl::Status there = host.files().Stat(creates_).status();
    if (absl::IsNotFound(there)) {
      differences.push_back({"creates", Value::Absent(), creates_});
    } else {
      RETURN_IF_ERROR(there);
    }
  }
  if (!check_.argv.empty()) {
    ASSIGN_OR_RETURN(std::optional<Difference> check, LookAtCheck(host, deadline));
    if (check.has_value()) {
      differences.push_back(*std::move(check));
    }
  }
  return differences;
}

absl::StatusOr<std::vector<Difference>> ExecResource::Inspect(const sys::HostReader& host,
                                                              Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking whether the command is to run"));
  return LeftToDo(host, deadline);
}

absl::Status ExecResource::RunCommand(sys::Host& host, Deadline deadline) const {
  absl::StatusOr<sys::CommandResult> result = host.commands().Run(command_, deadline);
  if (!result.ok()) {
    return {
        result.status().code(),
        WithoutSecrets(fmt::format("run {}: {}", command_.argv.front(), Message(result.status())))};
  }
  const std::string code = std::to_string(result->exit_code);
  if (std::find(expect_exit_.begin(), expect_exit_.end(), code) == expect_exit_.end()) {
    return FailedPrecondition("{} exited {}, expected was {}: {}",
                              command_.argv.front(),
                              code,
                              fmt::join(expect_exit_, " or "),
                              WithoutSecrets(result->Tail()));
  }
  last_run_ = absl::Now();
  return absl::OkStatus();
}

absl::Status ExecResource::Apply(std::span<const Difference> /*drift*/,
                                 sys::Host& host,
                                 Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("running the command"));
  RETURN_IF_ERROR(RunCommand(host, deadline));
  ASSIGN_OR_RETURN(const std::vector<Difference> left, LeftToDo(host, deadline));
  if (left.empty()) {
    return absl::OkStatus();
  }
  if (left.front().attribute == "creates") {
    return FailedPrecondition(
        "{} succeeded, but {} is still not there", command_.argv.front(), creates_);
  }
  return FailedPrecondition("{} succeeded, but its check still fails ({}: {})",
                            command_.argv.front(),
                            check_.argv.front(),
                            left.front().current.Display());
}

absl::StatusOr<resource::Reaction> ExecResource::Refresh(RefreshKind /*kind*/,
                                                         sys::Host& host,
                                                         Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("running the command"));
  RETURN_IF_ERROR(RunCommand(host, deadline));
  return resource::Reaction::kRan;
}

absl::StatusOr<absl::Time> ExecResource::LastRefresh(const sys::HostReader& /*host*/,
                                                     Deadline /*deadline*/) const {
  return last_run_;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<ExecResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& ExecType() {
  static const resource::ResourceType kType{.schema = &ExecSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
