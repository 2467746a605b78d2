// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "fettle/v1/fleet.pb.h"
#include "server/api/context.h"
#include "server/fleet/host_view.h"

// What the service Fleet asks of hosts and waits for.
namespace fettle::server {

// The caller's end of a stream of answers.
struct AnswerStream {
  std::function<bool(const v1::HostAnswer&)> write;  // False: nobody reads any more.
  std::function<bool()> cancelled;
};

// Writes down, before any of `hosts` is asked, that they are: what cannot be written is not asked.
// Errors of the store.
absl::Status RecordAsking(const Context& context,
                          std::string_view who,
                          std::string_view act,
                          const std::vector<HostView>& hosts,
                          std::string_view detail);

// Each host that fits gives one last answer, an error in words among them; an error of the call:
// nobody was asked.
absl::Status PlanHosts(const Context& context,
                       const std::string& who,
                       const v1::PlanHostsRequest& request,
                       const AnswerStream& answers);

absl::Status ApplyPlan(const Context& context,
                       const std::string& who,
                       const v1::ApplyPlanRequest& request,
                       const AnswerStream& answers);

}  // namespace fettle::server
