// SPDX-License-Identifier: Apache-2.0
#include "modules/check/check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "lib/base/status_macros.h"
#include "lib/sys/host.h"
#include "modules/check/endpoint.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;

constexpr int64_t kHttpOk = 200;

// The longest that one look may take, so that a silent peer leaves time for another.
constexpr absl::Duration kOneLook = absl::Seconds(10);

// Between two looks, whatever `interval` says.
constexpr absl::Duration kShortestPause = absl::Milliseconds(1);

class CheckResource final : public resource::Resource {
 public:
  CheckResource(std::string_view /*name*/, const Attributes& attributes)
      : declared_(attributes),
        contains_(attributes.String("contains", "")),
        within_(attributes.Duration("within", absl::ZeroDuration())),
        interval_(attributes.Duration("interval", absl::Seconds(1))) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

 private:
  // nullopt when it holds.
  using Answer = absl::StatusOr<std::optional<Difference>>;

  Answer Look(const sys::HostReader& host, Deadline deadline) const;
  Answer LookHttp(const sys::HostReader& host, Deadline deadline) const;
  Answer LookTcp(const sys::HostReader& host, Deadline deadline) const;
  Answer LookCommand(const sys::HostReader& host, Deadline deadline) const;
  Answer LookFile(const sys::HostReader& host) const;
  // Whether `text` holds what it must; the difference if not.
  std::optional<Difference> Contains(const char* attribute, std::string_view text) const;

  Attributes declared_;
  std::string contains_;
  absl::Duration within_;
  absl::Duration interval_;
};

std::optional<Difference> CheckResource::Contains(const char* attribute,
                                                  std::string_view text) const {
  constexpr std::size_t kMostShown = 500;
  if (text.find(contains_) != std::string_view::npos) {
    return std::nullopt;
  }
  return Difference{attribute, text.substr(0, kMostShown), fmt::format("contains {}", contains_)};
}

// What did not answer is an answer; what could not be asked is an error.
bool IsAnswer(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsNotFound(status) ||
         absl::IsDeadlineExceeded(status);
}

CheckResource::Answer CheckResource::LookHttp(const sys::HostReader& host,
                                              Deadline deadline) const {
  const int64_t expect = declared_.Integer("expect", kHttpOk);
  const auto answer = host.prober().HttpGet(declared_.String("http", ""), deadline);
  if (IsAnswer(answer.status())) {
    return Difference{"http", Message(answer.status()), fmt::format("status {}", expect)};
  }
  RETURN_IF_ERROR(answer.status());
  if (answer->status != expect) {
    return Difference{
        "http", fmt::format("status {}", answer->status), fmt::format("status {}", expect)};
  }
  return Contains("http", answer->body);
}

CheckResource::Answer CheckResource::LookTcp(const sys::HostReader& host, Deadline deadline) const {
  Endpoint endpoint;
  if (!ParseEndpoint(declared_.String("tcp", ""), &endpoint)) {
    return Internal("tcp passed the schema but is no endpoint");
  }
  const absl::Status status = host.prober().TcpConnect(endpoint.host, endpoint.port, deadline);
  if (IsAnswer(status)) {
    return Difference{"tcp", Message(status), "connected"};
  }
  RETURN_IF_ERROR(status);
  return std::nullopt;
}

CheckResource::Answer CheckResource::LookCommand(const sys::HostReader& host,
                                                 Deadline deadline) const {
  const int64_t expect = declared_.Integer("expect", 0);
  sys::Command command;
  command.argv = declared_.StringList("command");
  const absl::StatusOr<sys::CommandResult> result = host.prober().Probe(command, deadline);
  if (IsAnswer(result.status())) {
    return Difference{"command", Message(result.status()), fmt::format("exit {}", expect)};
  }
  RETURN_IF_ERROR(result.status());
  if (result->exit_code != expect) {
    constexpr std::size_t kTail = 500;
    return Difference{"command",
                      fmt::format("exit {}: {}", result->exit_code, result->Tail(kTail)),
                      fmt::format("exit {}", expect)};
  }
  return Contains("command", result->out);
}

CheckResource::Answer CheckResource::LookFile(const sys::HostReader& host) const {
  constexpr uint64_t kMostBytes = 16 << 20;
  const std::string path = declared_.String("file", "");
  const absl::Status there = host.files().Stat(path).status();
  if (absl::IsNotFound(there)) {
    return Difference{"file", resource::Value::Absent(), path};
  }
  RETURN_IF_ERROR(there);
  if (contains_.empty()) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const std::string text, host.files().Read(path, kMostBytes));
  return Contains("file", text);
}

CheckResource::Answer CheckResource::Look(const sys::HostReader& host, Deadline deadline) const {
  const Deadline one_look = deadline.Within(kOneLook);
  if (declared_.Has("http")) {
    return LookHttp(host, one_look);
  }
  if (declared_.Has("tcp")) {
    return LookTcp(host, one_look);
  }
  return declared_.Has("command") ? LookCommand(host, one_look) : LookFile(host);
}

absl::StatusOr<std::vector<Difference>> CheckResource::Inspect(const sys::HostReader& host,
                                                               Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("checking"));
  ASSIGN_OR_RETURN(std::optional<Difference> answer, Look(host, deadline));
  std::vector<Difference> differences;
  if (answer.has_value()) {
    differences.push_back(*std::move(answer));
  }
  return differences;
}

// Nothing is written: it waits until what is checked holds, or time is up.
absl::Status CheckResource::Apply(std::span<const Difference> /*drift*/,
                                  sys::Host& host,
                                  Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("checking"));
  const Deadline patience = deadline.Within(within_);
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Difference> answer, Look(host, deadline));
    if (!answer.has_value()) {
      return absl::OkStatus();
    }
    if (patience.expired()) {
      RETURN_IF_ERROR(deadline.Check("waiting for the check to hold"));
      return FailedPrecondition("{}: found {}, expected {}{}",
                                answer->attribute,
                                answer->current.Display(),
                                answer->desired.Display(),
                                within_ > absl::ZeroDuration()
                                    ? " (tried for " + absl::FormatDuration(within_) + ")"
                                    : "");
    }
    absl::SleepFor(std::min(std::max(interval_, kShortestPause), patience.Remaining()));
  }
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<CheckResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& CheckType() {
  static const resource::ResourceType kType{.schema = &CheckSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
