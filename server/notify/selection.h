// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/filter/filter.h"
#include "server/config/notify.h"
#include "server/fleet/host_fields.h"
#include "server/notify/notice.h"

namespace fettle::server::notify {

// The words of a hook's filter: those of hosts, and notice.kind, notice.severity, notice.subject,
// notice.detail, notice.by.
const filter::Language& NoticeLanguage();

// Which notices a hook wants, at one time. A value.
class Selection {
 public:
  // kInvalidArgument, naming the hook, for a filter that cannot be read.
  static absl::StatusOr<Selection> Make(const NotifyHook& hook, absl::Time now);

  // `host`: of the notice, as filters see it; null when it has none (such notices have no labels).
  bool Wants(const Notice& notice, const HostFields* host) const;

 private:
  const NotifyHook* hook_ = nullptr;
  filter::Filter filter_;
};

}  // namespace fettle::server::notify
