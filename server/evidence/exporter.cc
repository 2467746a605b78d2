// SPDX-License-Identifier: Apache-2.0
#include "server/evidence/exporter.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/evidence/bundle.h"
#include "lib/evidence/checkpoint.h"

namespace fettle::server {
namespace {

using Put = std::function<absl::Status(const std::string&)>;

// One bundle. What is shown: the leaves of the range, the one before it and the one behind it (they
// show that the range is complete), and the acts before it that say which keys hosts sign with. In
// the bundle of one host these are the ones before and behind that concern it, so that the range
// reaches from the one to the other.
class Export {
 public:
  Export(EvidenceStore& store, const LogSigner& signer, const Put& put)
      : store_(store), signer_(signer), put_(put) {}

  absl::Status Run(const std::string& authority, const ExportRange& range, absl::Time now) {
    ASSIGN_OR_RETURN(const HeadRecord head, signer_.Sign(store_, now));
    evidence::BundleHeader header;
    header.head = head.note;
    header.key = signer_.note_key().Text();
    header.authority = authority;
    header.range.since = range.since;
    // Of what is not yet over nobody can say that nothing is missing.
    header.range.until =
        range.until == absl::InfiniteFuture() ? range.until : std::min(range.until, now);
    ASSIGN_OR_RETURN(std::tie(header.range.first, header.range.end),
                     store_.NumbersOf(range.since, header.range.until));
    header.range.end = std::min(header.range.end, head.size);
    header.range.first = std::min(header.range.first, header.range.end);
    if (range.host.empty()) {
      RETURN_IF_ERROR(put_(writer_.Begin(header)));
      RETURN_IF_ERROR(ShowBefore(header.range.first));
      RETURN_IF_ERROR(ShowRange(header.range.first, header.range.end));
      if (header.range.end < head.size) {
        RETURN_IF_ERROR(ShowOne(header.range.end));
      }
    } else {
      header.range.host = range.host;
      RETURN_IF_ERROR(ShowHost(header, head.size));
    }
    RETURN_IF_ERROR(HideTo(head.size));
    ASSIGN_OR_RETURN(const std::string last, writer_.Finish(signer_.key()));
    return put_(last);
  }

 private:
  absl::Status ShowHost(evidence::BundleHeader& header, uint64_t size) {
    const std::string& host = header.range.host;
    const uint64_t first = header.range.first;
    const uint64_t end = header.range.end;
    ASSIGN_OR_RETURN(const uint64_t kept, store_.Kept(first, end));
    if (kept < end - first) {
      return FailedPrecondition(
          "{} of the leaves {} to {} are in the log, but what they say went with its month of "
          "history (keep_history), or somebody removed it from the database: choose a range that "
          "begins later",
          end - first - kept,
          first,
          end - 1);
    }
    ASSIGN_OR_RETURN(const ReportsAround around, store_.ReportsAroundOf(host, first, end));
    ASSIGN_OR_RETURN(const std::vector<LogLeaf> keys, store_.ReportKeys(host));
    std::map<uint64_t, LogLeaf> outside;  // Those before and behind the range.
    for (const auto& reports : {around.before, around.after}) {
      if (reports.has_value() && reports->number < size) {
        outside.emplace(reports->number, *reports);
      }
    }
    for (const LogLeaf& key : keys) {
      const bool before_next = around.after.has_value() && key.number < around.after->number;
      if (key.number < first || (key.number >= end && before_next && key.number < size)) {
        outside.emplace(key.number, key);
      }
    }
    const auto behind = outside.lower_bound(first);
    header.range.first = behind == outside.begin() ? 0 : std::prev(behind)->first + 1;
    header.range.end = behind == outside.end() ? size : behind->first;
    RETURN_IF_ERROR(put_(writer_.Begin(header)));
    for (auto leaf = outside.begin(); leaf != behind; ++leaf) {
      RETURN_IF_ERROR(Show(leaf->second));
    }
    RETURN_IF_ERROR(
        store_.LeavesOf(host, first, end, [&](const LogLeaf& leaf) { return Show(leaf); }));
    for (auto leaf = behind; leaf != outside.end(); ++leaf) {
      RETURN_IF_ERROR(Show(leaf->second));
    }
    return absl::OkStatus();
  }

  absl::Status ShowBefore(uint64_t first) {
    ASSIGN_OR_RETURN(const std::vector<LogLeaf> keys, store_.ReportKeys(""));
    for (const LogLeaf& key : keys) {
      if (key.number + 1 < first) {
        RETURN_IF_ERROR(Show(key));
      }
    }
    return first == 0 ? absl::OkStatus() : ShowOne(first - 1);
  }

  absl::Status ShowRange(uint64_t first, uint64_t end) {
    RETURN_IF_ERROR(store_.Leaves(first, end, [&](const LogLeaf& leaf) {
      return leaf.number == next_ || next_ < first ? Show(leaf) : Forgotten(next_);
    }));
    return next_ >= end || first == end ? absl::OkStatus() : Forgotten(next_);
  }

  absl::Status ShowOne(uint64_t number) {
    const auto leaf = store_.Leaf(number);
    if (absl::IsNotFound(leaf.status())) {
      return Forgotten(number);
    }
    RETURN_IF_ERROR(leaf.status());
    return Show(*leaf);
  }

  absl::Status Show(const LogLeaf& leaf) {
    RETURN_IF_ERROR(HideTo(leaf.number));
    next_ = leaf.number + 1;
    return put_(writer_.Add(evidence::BundleLeaf{leaf.number, leaf.leaf, leaf.data}));
  }

  // Everything up to leaf `number`, not included, as hashes.
  absl::Status HideTo(uint64_t number) {
    const std::vector<evidence::Subtree> cover = evidence::Cover(next_, number);
    ASSIGN_OR_RETURN(const std::vector<Digest> hashes, store_.HashesOf(cover));
    for (std::size_t i = 0; i < cover.size(); ++i) {
      RETURN_IF_ERROR(put_(writer_.Add(evidence::BundleHidden{cover[i], hashes[i]})));
    }
    next_ = std::max(next_, number);
    return absl::OkStatus();
  }

  absl::Status Forgotten(uint64_t number) {
    return FailedPrecondition(
        "leaf {} is in the log, but what it says went with its month of history (keep_history), or "
        "somebody removed it from the database: choose a range that begins later",
        number);
  }

  EvidenceStore& store_;
  const LogSigner& signer_;
  const Put& put_;
  evidence::BundleWriter writer_;
  uint64_t next_ = 0;  // The leaf that comes next.
};

}  // namespace

absl::Status ExportBundle(EvidenceStore& store,
                          const LogSigner& signer,
                          const std::string& authority,
                          const ExportRange& range,
                          absl::Time now,
                          const Put& put) {
  return Export(store, signer, put).Run(authority, range, now);
}

}  // namespace fettle::server
