// SPDX-License-Identifier: Apache-2.0
#include "server/api/fleet_tasks.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "server/api/outbox.h"
#include "server/api/tasks.h"
#include "server/fleet/host_view.h"
#include "server/policy/revision_names.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMaxReason = 500;
constexpr absl::Duration kPlanTime = absl::Minutes(2);
constexpr absl::Duration kApplyTime = absl::Hours(1);
constexpr absl::Duration kLongestTime = absl::Hours(4);
// So often it is looked whether the caller is still there.
constexpr absl::Duration kLookUp = absl::Seconds(1);

absl::Duration TimeOf(uint32_t seconds, absl::Duration usual) {
  return seconds == 0 ? usual : std::min(absl::Seconds(seconds), kLongestTime);
}

v1::HostAnswer AnswerOf(Tasks::Inbox::Entry entry) {
  v1::HostAnswer answer;
  answer.set_host(std::move(entry.host));
  switch (entry.answer.body_case()) {
    case v1::TaskAnswer::kProgress:
      answer.set_progress(entry.answer.progress());
      break;
    case v1::TaskAnswer::kPlan:
      *answer.mutable_plan() = std::move(*entry.answer.mutable_plan());
      break;
    case v1::TaskAnswer::kRun:
      *answer.mutable_run() = std::move(*entry.answer.mutable_run());
      break;
    case v1::TaskAnswer::kError:
      answer.set_error(entry.answer.error());
      break;
    case v1::TaskAnswer::BODY_NOT_SET:
      answer.set_error("it answered with what this server does not know: is its agent newer?");
      break;
  }
  return answer;
}

v1::HostAnswer ErrorOf(const std::string& host, std::string_view error) {
  v1::HostAnswer answer;
  answer.set_host(host);
  answer.set_error(std::string(error));
  return answer;
}

// Asks hosts and passes on what they answer, for one call.
class Asking {
 public:
  Asking(const Context& context, const AnswerStream& answers)
      : context_(context), answers_(answers), inbox_(std::make_shared<Tasks::Inbox>()) {}

  ~Asking() {
    for (const auto& [host, id] : open_) {
      context_.tasks.Forget(id);
    }
  }

  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  // Asks `host`; an error that it could not be asked is its answer.
  void Ask(const std::string& host, v1::Task task, const Digest* revision) {
    const auto session = context_.sessions.Find(host);
    const std::string id = NewId();
    task.set_id(id);
    if (session != nullptr) {
      context_.tasks.Await(id, session.get(), host, inbox_);
      if (session->Ask(task, revision)) {
        open_[host] = id;
        return;
      }
      context_.tasks.Forget(id);
    }
    Refuse(host,
           session == nullptr ? "it is not connected"
                              : "it cannot be asked now: its connection ends, or too much waits");
  }

  void Refuse(const std::string& host, std::string_view why) {
    static_cast<void>(answers_.write(ErrorOf(host, why)));
  }

  // Until each that was asked has answered, `time` is over, or nobody listens any more.
  void Wait(absl::Duration time) {
    const absl::Duration end = context_.clock.Monotonic() + time;
    while (!open_.empty() && !answers_.cancelled()) {
      const absl::Duration left = end - context_.clock.Monotonic();
      if (left <= absl::ZeroDuration()) {
        GiveUp(time);
        return;
      }
      auto entry = inbox_->Take(std::min(left, kLookUp));
      if (!entry.has_value()) {
        continue;
      }
      if (entry->answer.body_case() != v1::TaskAnswer::kProgress) {
        open_.erase(entry->host);
      }
      if (!answers_.write(AnswerOf(*std::move(entry)))) {
        return;
      }
    }
  }

 private:
  void GiveUp(absl::Duration time) {
    for (const auto& [host, id] : open_) {
      Refuse(host,
             fmt::format("it gave no answer within {}; it goes on (or its agent is too old to "
                         "know what is asked)",
                         absl::FormatDuration(time)));
    }
  }

  const Context& context_;
  const AnswerStream& answers_;
  const std::shared_ptr<Tasks::Inbox> inbox_;
  std::map<std::string, std::string> open_;  // Host -> id of the task.
};

}  // namespace

absl::Status RecordAsking(const Context& context,
                          std::string_view who,
                          std::string_view act,
                          const std::vector<HostView>& hosts,
                          std::string_view detail) {
  AuditEntry entry = context.auditor.Entry(
      who, act, detail, hosts.size() == 1 ? hosts.front().record.name : std::string());
  std::vector<std::string> names;
  for (const HostView& host : hosts) {
    names.push_back(host.record.name);
  }
  entry.data["hosts"] = absl::StrJoin(names, " ");
  RETURN_IF_ERROR(context.auditor.Record(entry));
  Auditor::Told(entry);
  return absl::OkStatus();
}

absl::Status PlanHosts(const Context& context,
                       const std::string& who,
                       const v1::PlanHostsRequest& request,
                       const AnswerStream& answers) {
  std::shared_ptr<const RevisionRecord> revision;
  if (!request.revision().empty()) {
    ASSIGN_OR_RETURN(RevisionRecord found,
                     ResolveRevision(context.store.policy(), request.revision()));
    revision = std::make_shared<const RevisionRecord>(std::move(found));
  }
  ASSIGN_OR_RETURN(
      const auto hosts,
      FindHosts(context.store, request.filter(), context.clock.Now(), context.config.heartbeat));
  if (hosts.empty()) {
    return NotFound("no host fits \"{}\"", request.filter());
  }
  v1::Task task;
  task.set_by(who);
  task.set_reason(request.reason().substr(0, kMaxReason));
  std::vector<Assignment> assignments;
  std::size_t connected = 0;
  for (const HostView& host : hosts) {
    ASSIGN_OR_RETURN(Assignment assignment, context.assigner.For(host.record.name));
    assignment.revision = revision != nullptr ? revision : assignment.revision;
    connected +=
        assignment.revision != nullptr && context.sessions.Find(host.record.name) != nullptr;
    assignments.push_back(std::move(assignment));
  }
  RETURN_IF_ERROR(RecordAsking(
      context,
      who,
      "plan",
      hosts,
      fmt::format("{} of {} hosts, {}: {}",
                  connected,
                  hosts.size(),
                  revision != nullptr ? RevisionName(revision->number) : "what each is to enforce",
                  task.reason())));
  Asking asking(context, answers);
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string& name = hosts[i].record.name;
    const Assignment& assignment = assignments[i];
    if (assignment.revision == nullptr) {
      asking.Refuse(name,
                    fmt::format("its channel {} points to no revision; name one with --revision",
                                assignment.channel));
      continue;
    }
    *task.mutable_plan()->mutable_revision() = ToProto(assignment);
    asking.Ask(name, task, &assignment.revision->id);
  }
  asking.Wait(TimeOf(request.seconds(), kPlanTime));
  return absl::OkStatus();
}

absl::Status ApplyPlan(const Context& context,
                       const std::string& who,
                       const v1::ApplyPlanRequest& request,
                       const AnswerStream& answers) {
  ASSIGN_OR_RETURN(
      const HostView host,
      FindHost(context.store, request.host(), context.clock.Now(), context.config.heartbeat));
  if (request.plan().empty()) {
    return InvalidArgument("which plan? its id is missing");
  }
  v1::Task task;
  task.set_by(who);
  task.set_reason(request.reason().substr(0, kMaxReason));
  task.mutable_apply_plan()->set_plan(request.plan());
  RETURN_IF_ERROR(RecordAsking(
      context,
      who,
      "apply plan",
      {host},
      fmt::format(
          "{} on {}{}: {}",
          request.plan(),
          request.host(),
          context.sessions.Find(request.host()) == nullptr ? ", which is not connected" : "",
          task.reason())));
  Asking asking(context, answers);
  asking.Ask(request.host(), task, nullptr);
  asking.Wait(TimeOf(request.seconds(), kApplyTime));
  return absl::OkStatus();
}

}  // namespace fettle::server
