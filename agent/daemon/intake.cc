// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/intake.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

constexpr absl::Duration kFirstRetry = absl::Seconds(5);
constexpr absl::Duration kLongestRetry = absl::Minutes(5);
// The first failure may be the connection's, whose loss ends a fetch as well.
constexpr int kFailuresBeforeTold = 2;

}  // namespace

void Intake::Attach(link::Outlet* outlet) {
  outlet_ = outlet;
  fetching_ = false;
}

void Intake::OnConnected() {
  fetching_ = false;
  failures_ = 0;
  wait_ = absl::ZeroDuration();
  if (wanted_.has_value()) {
    Advance();
  }
}

void Intake::Drop() {
  wanted_.reset();
  retry_ = absl::InfiniteDuration();
}

void Intake::Take(const link::Assignment& assignment) {
  if (wanted_ == assignment && fetching_) {
    return;
  }
  wanted_ = assignment;
  wait_ = absl::ZeroDuration();
  failures_ = 0;
  asked_.clear();
  const auto verified = store_.Verify(assignment);
  if (!verified.ok()) {
    Refuse(std::string(Message(verified.status())));
    return;
  }
  tree_ = verified->revision.tree;
  if (!fetching_) {
    Advance();  // Otherwise when that fetch is done.
  }
}

void Intake::Advance() {
  retry_ = absl::InfiniteDuration();
  const auto missing = store_.Missing(tree_);
  if (!missing.ok()) {
    Refuse(std::string(Message(missing.status())));
    return;
  }
  if (missing->empty()) {
    const link::Assignment assignment = *std::exchange(wanted_, std::nullopt);
    handlers_.ready(assignment, tree_);
    return;
  }
  if (outlet_ == nullptr) {
    return;
  }
  asked_ = *missing;
  asked_.resize(std::min(asked_.size(), link::kMostFetched));
  fetching_ = true;
  damage_.clear();
  outlet_->Fetch(asked_);
}

void Intake::OnBlob(const link::Blob& blob) {
  // What nobody asked for would fill the disk.
  if (!fetching_ || std::find(asked_.begin(), asked_.end(), blob.digest) == asked_.end()) {
    return;
  }
  const absl::Status status = store_.blobs().Put(blob.digest, blob.data);
  if (absl::IsDataLoss(status)) {
    damage_ = std::string(Message(status));
  } else if (!status.ok()) {
    spdlog::error("{}", Message(status));
  }
}

void Intake::OnFetchDone(const link::FetchDone& done) {
  fetching_ = false;
  if (!wanted_.has_value()) {
    return;
  }
  if (!damage_.empty()) {
    // The next assignment, or session, tries again; meanwhile the last good revision stays.
    Refuse(fmt::format("{}: the server's copy is damaged, or was altered on the way", damage_));
    return;
  }
  const bool something_came =
      std::any_of(asked_.begin(), asked_.end(), [this](const Digest& digest) {
        return store_.blobs().Has(digest);
      });
  if (something_came || asked_.empty()) {
    wait_ = absl::ZeroDuration();
    failures_ = 0;
    Advance();
    return;
  }
  RetryLater(done.error.empty() ? "the server sent none of what was asked for" : done.error);
}

void Intake::RetryLater(const std::string& why) {
  wait_ = std::clamp(wait_ * 2, kFirstRetry, kLongestRetry);
  retry_ = clock_.Monotonic() + wait_;
  spdlog::warn("cannot fetch {}: {}; trying again in {}",
               wanted_->revision,
               why,
               absl::FormatDuration(wait_));
  if (++failures_ == kFailuresBeforeTold) {
    handlers_.refused(*wanted_, fmt::format("cannot be fetched: {}", why));
  }
}

void Intake::Tick() {
  if (clock_.Monotonic() >= retry_ && wanted_.has_value() && !fetching_) {
    Advance();
  }
}

void Intake::Refuse(const std::string& reason) {
  const link::Assignment assignment = *std::exchange(wanted_, std::nullopt);
  retry_ = absl::InfiniteDuration();
  handlers_.refused(assignment, reason);
}

}  // namespace fettle::agent
