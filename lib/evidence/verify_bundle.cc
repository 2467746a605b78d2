// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/verify_bundle.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/evidence/host_chain.h"
#include "lib/evidence/statement.h"

namespace fettle::evidence {
namespace {

// One pass over a bundle.
class Checker {
 public:
  explicit Checker(BundleReader reader) : reader_(std::move(reader)) {
    result_.header = reader_.header();
  }

  absl::StatusOr<VerifiedBundle> Run(const std::optional<NoteKey>& key) {
    RETURN_IF_ERROR(CheckKey(key));
    RETURN_IF_ERROR(CheckHead());
    RETURN_IF_ERROR(CheckItems());
    RETURN_IF_ERROR(CheckRoot());
    RETURN_IF_ERROR(CheckBounds());
    NoteLimits();
    result_.host_keys = chains_.keys();
    return std::move(result_);
  }

 private:
  const BundleRange& range() const { return result_.header.range; }

  bool InRange(uint64_t number) const { return number >= range().first && number < range().end; }

  absl::Status CheckKey(const std::optional<NoteKey>& key) {
    ASSIGN_OR_RETURN(result_.key, NoteKey::Parse(result_.header.key));
    if (key.has_value() && *key != result_.key) {
      return PermissionDenied(
          "this bundle is signed by the key {}, not by {}", result_.key.Text(), key->Text());
    }
    if (!key.has_value()) {
      result_.limits.push_back(
          "the key is the one that the bundle itself brings: compare it with the one that you were "
          "given by other means, or say it with --key");
    }
    return reader_.SignedBy(result_.key.ed25519)
               ? absl::OkStatus()
               : PermissionDenied(
                     "the bundle was altered: its signature does not fit what it holds");
  }

  absl::Status CheckHead() {
    ASSIGN_OR_RETURN(result_.checkpoint, OpenCheckpoint(result_.header.head, result_.key));
    if (range().first > range().end || range().end > result_.checkpoint.head.size) {
      return PermissionDenied("the range {} to {} is not in a log of {} leaves",
                              range().first,
                              range().end,
                              result_.checkpoint.head.size);
    }
    return absl::OkStatus();
  }

  absl::Status CheckItems() {
    while (true) {
      ASSIGN_OR_RETURN(std::optional<BundleReader::Item> item, reader_.Next());
      if (!item.has_value()) {
        return absl::OkStatus();
      }
      const absl::Status status =
          item->leaf.has_value() ? TakeLeaf(*std::move(item->leaf)) : TakeHidden(*item->hidden);
      RETURN_IF_ERROR(Annotate(status, fmt::format("line {}", reader_.line())));
    }
  }

  absl::Status TakeHidden(const BundleHidden& hidden) {
    const uint64_t first = std::max(hidden.subtree.first(), range().first);
    const uint64_t end = std::min(hidden.subtree.end(), range().end);
    if (first < end && range().host.empty()) {
      return PermissionDenied(
          "leaves {} to {} of the range that the bundle claims are left out", first, end - 1);
    }
    return builder_.Add(hidden.subtree, hidden.hash);
  }

  absl::Status TakeLeaf(BundleLeaf item) {
    if (item.number != builder_.size()) {
      return PermissionDenied("leaf {} stands where leaf {} belongs: what is between is left out",
                              item.number,
                              builder_.size());
    }
    builder_.AddLeaf(LeafHash(item.leaf));
    ASSIGN_OR_RETURN(Leaf leaf, DecodeLeaf(item.leaf));
    RETURN_IF_ERROR(CheckTime(item.number, TimeOf(leaf)));
    if (const auto* act = std::get_if<ActLeaf>(&leaf)) {
      RETURN_IF_ERROR(chains_.Add(*act));
    } else {
      RETURN_IF_ERROR(TakeReports(item, std::get<ReportsLeaf>(leaf)));
    }
    if (InRange(item.number)) {
      result_.leaves.push_back({item.number, std::move(leaf), std::move(item.data)});
    }
    return absl::OkStatus();
  }

  absl::Status CheckTime(uint64_t number, absl::Time time) {
    if (time < newest_) {
      return PermissionDenied("leaf {} is older than one before it", number);
    }
    newest_ = time;
    if (number + 1 == range().first) {
      before_ = time;
    } else if (number == range().end) {
      after_ = time;
    } else if (InRange(number) && (time < range().since || time >= range().until)) {
      return PermissionDenied(
          "leaf {} is of {}, outside of the range that the bundle claims", number, Rfc3339(time));
    }
    return absl::OkStatus();
  }

  absl::Status TakeReports(const BundleLeaf& item, const ReportsLeaf& leaf) {
    if (!item.data.empty() && Sha256(item.data) != leaf.digest) {
      return PermissionDenied(
          "the reports of host {} are not those of leaf {}", leaf.host, item.number);
    }
    if (!range().host.empty() && range().host != leaf.host) {
      return absl::OkStatus();  // Bounds the range; its key and what is between may be hidden.
    }
    RETURN_IF_ERROR(chains_.Add(leaf));
    if (!range().host.empty() && epochs_.insert(leaf.epoch).second && leaf.after > 0 &&
        InRange(item.number)) {
      result_.limits.push_back(fmt::format(
          "that the reports of {} up to {} (epoch {}) are older than the range is the server's "
          "word: the log shows none of them",
          leaf.host,
          leaf.after,
          leaf.epoch));
    }
    if (leaf.host == range().host && item.number >= range().end) {
      has_next_ = true;
    }
    if (InRange(item.number)) {
      ++(leaf.key.empty() ? result_.unsigned_reports : result_.signed_reports);
      result_.without_content += item.data.empty() ? 1 : 0;
    }
    return absl::OkStatus();
  }

  absl::Status CheckRoot() {
    const TreeHead& head = result_.checkpoint.head;
    if (builder_.size() != head.size) {
      return PermissionDenied(
          "the bundle covers {} leaves of {}: the rest is left out", builder_.size(), head.size);
    }
    return builder_.Root() == head.root
               ? absl::OkStatus()
               : PermissionDenied("the leaves are not those of the log that the head was made of");
  }

  absl::Status CheckBounds() const {
    const bool from_start = range().first == 0;
    if (!from_start && (!before_.has_value() || *before_ >= range().since)) {
      return PermissionDenied(
          "what was before the first leaf of the range is not shown to be older than its "
          "beginning: leaves may be left out there");
    }
    const uint64_t size = result_.checkpoint.head.size;
    const absl::Time next =
        range().end == size ? result_.checkpoint.time : after_.value_or(absl::InfinitePast());
    const bool to_head = range().until == absl::InfiniteFuture() && range().end == size;
    if (!to_head && next < range().until) {
      return PermissionDenied(
          "what follows the last leaf of the range is not shown to be newer than its end: leaves "
          "may be left out there");
    }
    return absl::OkStatus();
  }

  void NoteLimits() {
    if (!range().host.empty()) {
      result_.limits.push_back(fmt::format(
          "acts that concern {} are those that the server chose to show: a bundle without --host "
          "shows that there are no others",
          range().host));
    }
    if (!range().host.empty() && !has_next_) {
      result_.limits.push_back(fmt::format(
          "the log has no reports of {} after the range, so that nobody but the server says that "
          "the newest of them are all there",
          range().host));
    }
    if (result_.unsigned_reports > 0) {
      result_.limits.push_back(fmt::format(
          "{} batches of reports came from hosts that did not sign them yet: they are the "
          "server's word",
          result_.unsigned_reports));
    }
    if (result_.without_content > 0) {
      result_.limits.push_back(
          fmt::format("the content of {} batches of reports is not there: the server had dropped "
                      "it with its history, only their digests are proven",
                      result_.without_content));
    }
  }

  BundleReader reader_;
  VerifiedBundle result_;
  RootBuilder builder_;
  HostChains chains_;
  absl::Time newest_ = absl::InfinitePast();
  std::optional<absl::Time> before_;  // Of the leaf before the range, if it is shown.
  std::optional<absl::Time> after_;   // Of the one behind it.
  std::set<std::string> epochs_;      // Of the range's host, met so far.
  bool has_next_ = false;             // Reports of the range's host behind it.
};

}  // namespace

absl::StatusOr<VerifiedBundle> VerifyBundle(std::string_view text,
                                            const std::optional<NoteKey>& key) {
  ASSIGN_OR_RETURN(BundleReader reader, BundleReader::Open(text));
  return Checker(std::move(reader)).Run(key);
}

}  // namespace fettle::evidence
