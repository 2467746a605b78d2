// SPDX-License-Identifier: Apache-2.0
#include "server/notify_command.h"

#include <atomic>
#include <cstdio>

#include <fmt/ranges.h>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "server/named.h"
#include "server/notify/delivery.h"
#include "server/notify/selection.h"
#include "server/notify/sender.h"

namespace fettle::server {
namespace {

std::string Where(const NotifyHook& hook) {
  return hook.url_file.empty() ? notify::ShownUrl(hook.url)
                               : fmt::format("the address in {}", hook.url_file);
}

}  // namespace

absl::Status TestNotify(const Config& config, const std::string& name) {
  ASSIGN_OR_RETURN(const NotifyHook hook, FindNamed(config.notify, "notify", name));
  const SystemClock clock;
  RETURN_IF_ERROR(notify::Selection::Make(hook, clock.Now()).status());
  const std::atomic<bool> cancelled = false;
  const notify::Outcome outcome =
      notify::Deliver(hook,
                      {notify::TestBody(hook, config.names.front(), clock.Now())},
                      notify::CurlSender(),
                      cancelled);
  RETURN_IF_ERROR(Annotate(outcome.status, "notify " + name));
  fmt::print("{}: {} took a test message ({})\n", name, Where(hook), NotifyFormatName(hook.format));
  return absl::OkStatus();
}

absl::Status ListNotify(const Config& config) {
  for (const NotifyHook& hook : config.notify) {
    fmt::print("{}  {}  {}  {}{}\n",
               hook.name,
               NotifyFormatName(hook.format),
               Where(hook),
               fmt::join(hook.kinds, ","),
               hook.filter.empty() ? "" : "  " + hook.filter);
  }
  return absl::OkStatus();
}

}  // namespace fettle::server
