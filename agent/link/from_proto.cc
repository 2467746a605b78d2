// SPDX-License-Identifier: Apache-2.0
#include "agent/link/from_proto.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"

namespace fettle::link {
namespace {

using Answer = absl::StatusOr<std::optional<Event>>;

// A server that says nothing, or nonsense, does not make the agent hammer it or fall silent.
absl::Duration SaneHeartbeat(uint32_t seconds) {
  constexpr uint32_t kDefault = 60;
  constexpr uint32_t kMost = 3600;
  return absl::Seconds(seconds == 0 ? kDefault : std::min(seconds, kMost));
}

absl::StatusOr<Assignment> AssignmentFromProto(v1::Assignment& proto) {
  Assignment assignment;
  assignment.revision = proto.revision();
  ASSIGN_OR_RETURN(assignment.revision_id, wire::DigestFromProto(proto.revision_id()));
  assignment.statement = proto.statement();
  assignment.signature = proto.signature();
  assignment.channel = proto.channel();
  assignment.labels.insert(proto.labels().begin(), proto.labels().end());
  return assignment;
}

Answer OrderFromProto(v1::Task& task) {
  switch (task.what_case()) {
    case v1::Task::kPlan: {
      PlanOrder order{task.id(), task.by(), {}};
      ASSIGN_OR_RETURN(order.revision,
                       AssignmentFromProto(*task.mutable_plan()->mutable_revision()));
      return Event(std::move(order));
    }
    case v1::Task::kApplyPlan:
      return Event(ApplyPlanOrder{task.id(), task.by(), task.reason(), task.apply_plan().plan()});
    case v1::Task::WHAT_NOT_SET:
      break;
  }
  return Event(UnknownOrder{task.id()});
}

Answer FromServer(v1::ServerMessage& message) {
  switch (message.body_case()) {
    case v1::ServerMessage::kHelloAck: {
      const v1::HelloAck& ack = message.hello_ack();
      return Event(HelloAck{absl::FromUnixMicros(ack.server_time_us()),
                            SaneHeartbeat(ack.heartbeat_seconds()),
                            ack.acknowledged()});
    }
    case v1::ServerMessage::kAssignment: {
      ASSIGN_OR_RETURN(Assignment assignment, AssignmentFromProto(*message.mutable_assignment()));
      return Event(std::move(assignment));
    }
    case v1::ServerMessage::kTask:
      return OrderFromProto(*message.mutable_task());
    case v1::ServerMessage::kAcknowledgement:
      return Event(
          Acknowledged{message.acknowledgement().epoch(), message.acknowledgement().sequence()});
    case v1::ServerMessage::kResync:
      return Event(Resync{message.resync().packages()});
    case v1::ServerMessage::kRun:
      return Event(RunRequest{message.run().id(), message.run().reason()});
    case v1::ServerMessage::kDrain:
      return Event(Draining{});
    case v1::ServerMessage::kPause:
      return Event(PauseOrder{absl::Seconds(message.pause().seconds()),
                              message.pause().reason(),
                              message.pause().by()});
    case v1::ServerMessage::BODY_NOT_SET:
      break;
  }
  return std::optional<Event>();
}

}  // namespace

Answer EventFromProto(v1::FromLink message) {
  switch (message.body_case()) {
    case v1::FromLink::kStatus:
      if (message.status().connected()) {
        return Event(Connected{});
      }
      return Event(Disconnected{message.status().error()});
    case v1::FromLink::kReceived:
      return FromServer(*message.mutable_received());
    case v1::FromLink::kFetchDone:
      return Event(FetchDone{message.fetch_done().error()});
    case v1::FromLink::kRenewed:
      return Event(Renewed{message.renewed().certificate(), message.renewed().ca()});
    case v1::FromLink::kRenewFailed:
      return Event(RenewFailed{message.renew_failed()});
    case v1::FromLink::kProbed:
      return Event(Probed{message.probed().id(), message.probed().error()});
    case v1::FromLink::kBlob:
    case v1::FromLink::BODY_NOT_SET:
      break;
  }
  return std::optional<Event>();
}

}  // namespace fettle::link
