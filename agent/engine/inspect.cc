// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/inspect.h"

#include <algorithm>

#include "lib/base/parallel.h"

namespace fettle::engine {

constexpr absl::Duration kUsualTimeout = absl::Minutes(10);

Deadline StepDeadline(const Item& item, Deadline deadline) {
  const absl::Duration own = item.declaration->timeout;
  return deadline.Within(own == absl::InfiniteDuration() ? kUsualTimeout : own);
}

void Inspect(const Item& item, const sys::HostReader& host, Deadline deadline, Look* look) {
  absl::StatusOr<std::vector<resource::Difference>> found =
      item.resource->Inspect(host, StepDeadline(item, deadline));
  look->status = found.status();
  if (found.ok()) {
    look->drift = *std::move(found);
  } else {
    look->drift.clear();
  }
}

void InspectAll(const Prepared& prepared,
                const sys::HostReader& host,
                Deadline deadline,
                std::vector<Look>* looks) {
  const std::vector<Item>& items = prepared.items();
  ParallelFor(items.size(), UsefulThreads(), [&](std::size_t i) {
    if ((*looks)[i].wanted || (*looks)[i].needed) {
      Inspect(items[i], host, deadline, &(*looks)[i]);
    }
  });
}

}  // namespace fettle::engine
