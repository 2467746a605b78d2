// SPDX-License-Identifier: Apache-2.0
#include "modules/reboot/reboot.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/sys/host.h"
#include "lib/sys/upgrade_needs.h"
#include "modules/reboot/reboot_order.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;

class RebootResource final : public resource::Resource {
 public:
  explicit RebootResource(const Attributes& attributes)
      : delay_(attributes.Duration("delay", absl::Minutes(1))),
        message_(attributes.String("message", "a reboot is needed")) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

 private:
  // The order that is to be given; nullopt when no boot is wanted, or it was given and not called
  // off. kFailedPrecondition when it was given in an earlier boot and did not help.
  absl::StatusOr<std::optional<RebootOrder>> Due(const sys::HostReader& host,
                                                 Deadline deadline) const;

  absl::Duration delay_;
  std::string message_;
};

absl::StatusOr<std::optional<RebootOrder>> RebootResource::Due(const sys::HostReader& host,
                                                               Deadline deadline) const {
  ASSIGN_OR_RETURN(const sys::RebootNeed need, sys::LookForReboot(host.files()));
  if (!need.needed()) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(RebootOrder order, OrderFor(need, host.files()));
  ASSIGN_OR_RETURN(const std::optional<RebootOrder> last, LastOrder(host.files()));
  if (last.has_value() && last->boot != order.boot && last->because == order.because &&
      last->packages == order.packages) {
    return FailedPrecondition(
        "the host was rebooted for this, and wants it still: {}. It is not rebooted again for the "
        "same reason: find out what asks for it, or remove {} to have it tried once more",
        order.because,
        kRememberedPath);
  }
  ASSIGN_OR_RETURN(const sys::UnitState timer, host.units().Unit(kRebootTimer, deadline));
  if (timer.exists() && timer.active()) {
    return std::nullopt;
  }
  return std::optional<RebootOrder>(std::move(order));
}

absl::StatusOr<std::vector<Difference>> RebootResource::Inspect(const sys::HostReader& host,
                                                                Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking whether a reboot is needed"));
  ASSIGN_OR_RETURN(const std::optional<RebootOrder> due, Due(host, deadline));
  std::vector<Difference> differences;
  if (due.has_value()) {
    differences.push_back({"when", "needed: " + due->because, "nothing wants a reboot"});
  }
  return differences;
}

absl::Status RebootResource::Apply(std::span<const Difference> /*drift*/,
                                   sys::Host& host,
                                   Deadline deadline) const {
  ASSIGN_OR_RETURN(const std::optional<RebootOrder> due, Due(host, deadline));
  return due.has_value() ? GiveOrder(*due, message_, delay_, host, deadline) : absl::OkStatus();
}

}  // namespace

const resource::ResourceType& RebootType() {
  static const resource::ResourceType kType{
      .schema = &RebootSchema(),
      .make = [](std::string_view /*name*/,
                 const Attributes& attributes) -> std::unique_ptr<resource::Resource> {
        return std::make_unique<RebootResource>(attributes);
      },
  };
  return kType;
}

}  // namespace fettle::modules
