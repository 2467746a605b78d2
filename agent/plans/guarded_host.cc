// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/guarded_host.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::plans {
namespace {

// The version of `name` that the plan would bring: the last word of "install NAME VERSION" and
// "upgrade NAME OLD -> VERSION"; "" if it brings none.
std::string PlannedVersion(const StoredPlan& plan, std::string_view name) {
  for (const std::string& step : plan.packages) {
    const std::vector<std::string_view> words = SplitWords(step);
    if (words.size() >= 3 && words[1] == name && (words[0] == "install" || words[0] == "upgrade")) {
      return std::string(words.back());
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> GuardedHost::Blob(const Digest& digest) const {
  const auto found = plan_.blobs.find(digest);
  if (found == plan_.blobs.end()) {
    return NotFound("the plan does not hold the content {}", digest.Hex());
  }
  return found->second;
}

absl::Status GuardedHost::Commit(std::span<const sys::PackageRequest> requests,
                                 const sys::TransactionOptions& options,
                                 Deadline deadline) {
  std::vector<sys::PackageRequest> pinned(requests.begin(), requests.end());
  for (sys::PackageRequest& request : pinned) {
    const bool open = request.action == sys::PackageAction::kInstall && request.version.empty() &&
                      request.local_file.empty();
    if (open) {
      request.version = PlannedVersion(plan_, request.name);
    }
  }
  sys::TransactionOptions frozen = options;
  frozen.refresh_older_than = absl::InfiniteDuration();
  if (foresight_ != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<sys::ForeseenPackage> steps,
                     foresight_->Steps(pinned, frozen, deadline));
    for (const sys::ForeseenPackage& step : steps) {
      const std::string text = sys::StepText(step);
      if (std::find(plan_.packages.begin(), plan_.packages.end(), text) == plan_.packages.end()) {
        return absl::AbortedError(fmt::format(
            "refused: world changed since plan: the package manager would also {}; plan again",
            text));
      }
    }
  }
  return host_.write_packages().Commit(pinned, frozen, deadline);
}

}  // namespace fettle::plans
