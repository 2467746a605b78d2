// SPDX-License-Identifier: Apache-2.0
#include "lib/base/unified_diff.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "lib/base/text.h"

namespace fettle {
namespace {

// The lines of one side, each with its '\n' (so that a missing final newline makes a different
// line), and which of them the other side does not keep.
struct Side {
  std::vector<std::string_view> lines;
  std::vector<uint32_t> ids;  // Equal lines have equal ids, across both sides.
  std::vector<bool> changed;
};

// A change and the place of it: lines [a, a_end) of one side become lines [b, b_end) of the other.
struct Change {
  std::size_t a, a_end, b, b_end;
};

std::vector<std::string_view> KeepNewlines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// The shortest edit script between two sequences by Myers' O(ND) search. Row d holds, for every
// diagonal k = x - y that d edits can reach, the furthest x; diagonals outside the grid are left
// out.
class ShortestEdit {
 public:
  ShortestEdit(std::span<const uint32_t> a, std::span<const uint32_t> b) : a_(a), b_(b) {}

  // The number of edits, or nothing when finding out takes more than `max_steps`.
  std::optional<int64_t> Search(std::size_t max_steps) {
    const auto n = static_cast<int64_t>(a_.size());
    const auto m = static_cast<int64_t>(b_.size());
    std::size_t steps = 0;
    for (int64_t d = 0; d <= n + m; ++d) {
      rows_.push_back(Row{2 * std::max<int64_t>(0, d - m) - d, cells_.size()});
      const int64_t high = d - 2 * std::max<int64_t>(0, d - n);
      for (int64_t k = rows_.back().low; k <= high; k += 2) {
        const int64_t start = Start(d, k);
        const int64_t end = Slide(start, start - k);
        cells_.push_back(static_cast<int32_t>(end));
        if (end >= n && end - k >= m) {
          return d;
        }
        steps += 1 + static_cast<std::size_t>(end - start);
      }
      if (steps > max_steps) {
        return std::nullopt;
      }
    }
    return std::nullopt;  // Not reached: n + m edits always suffice.
  }

  // Walks back from the end through the `edits` that Search() found, calling removed(x) and
  // added(y) for each.
  template <typename Removed, typename Added>
  void Walk(int64_t edits, const Removed& removed, const Added& added) const {
    auto k = static_cast<int64_t>(a_.size()) - static_cast<int64_t>(b_.size());
    for (int64_t d = edits; d > 0; --d) {
      if (Inserts(d, k)) {
        ++k;
        added(static_cast<std::size_t>(Cell(d - 1, k) - k));
      } else {
        --k;
        removed(static_cast<std::size_t>(Cell(d - 1, k)));
      }
    }
  }

 private:
  struct Row {
    int64_t low;         // Its lowest diagonal.
    std::size_t offset;  // Where it starts in cells_.
  };

  int64_t Cell(int64_t d, int64_t k) const {
    const Row& row = rows_[static_cast<std::size_t>(d)];
    return cells_[row.offset + static_cast<std::size_t>((k - row.low) / 2)];
  }

  // Whether the best way to diagonal k with d > 0 edits comes from above it, by an insertion.
  bool Inserts(int64_t d, int64_t k) const {
    return k == -d || (k != d && Cell(d - 1, k - 1) < Cell(d - 1, k + 1));
  }

  int64_t Start(int64_t d, int64_t k) const {
    if (d == 0) {
      return 0;
    }
    return Inserts(d, k) ? Cell(d - 1, k + 1) : Cell(d - 1, k - 1) + 1;
  }

  int64_t Slide(int64_t x, int64_t y) const {
    const auto n = static_cast<int64_t>(a_.size());
    const auto m = static_cast<int64_t>(b_.size());
    while (x < n && y < m && a_[static_cast<std::size_t>(x)] == b_[static_cast<std::size_t>(y)]) {
      ++x;
      ++y;
    }
    return x;
  }

  std::span<const uint32_t> a_;
  std::span<const uint32_t> b_;
  std::vector<Row> rows_;
  std::vector<int32_t> cells_;
};

void Number(Side& a, Side& b) {
  std::unordered_map<std::string_view, uint32_t> known;
  for (Side* side : {&a, &b}) {
    side->changed.assign(side->lines.size(), false);
    side->ids.reserve(side->lines.size());
    for (const std::string_view line : side->lines) {
      side->ids.push_back(known.emplace(line, static_cast<uint32_t>(known.size())).first->second);
    }
  }
}

// The positions in side[from, to) of lines that `other` has too. The rest is marked changed at
// once: a line that only one side has is in no common subsequence, so the script stays shortest.
std::vector<std::size_t> Shared(Side& side,
                                const std::vector<bool>& other,
                                std::size_t from,
                                std::size_t to) {
  std::vector<std::size_t> places;
  for (std::size_t i = from; i < to; ++i) {
    if (other[side.ids[i]]) {
      places.push_back(i);
    } else {
      side.changed[i] = true;
    }
  }
  return places;
}

std::vector<uint32_t> IdsAt(const Side& side, const std::vector<std::size_t>& places) {
  std::vector<uint32_t> ids;
  ids.reserve(places.size());
  for (const std::size_t place : places) {
    ids.push_back(side.ids[place]);
  }
  return ids;
}

std::vector<bool> IdsWithin(const Side& side, std::size_t from, std::size_t to, std::size_t count) {
  std::vector<bool> present(count, false);
  for (std::size_t i = from; i < to; ++i) {
    present[side.ids[i]] = true;
  }
  return present;
}

// Marks the changed lines of both sides, leaving common prefix and suffix out of the search.
void MarkChanges(Side& a, Side& b, std::size_t max_cost) {
  const std::size_t shorter = std::min(a.ids.size(), b.ids.size());
  std::size_t prefix = 0;
  while (prefix < shorter && a.ids[prefix] == b.ids[prefix]) {
    ++prefix;
  }
  std::size_t suffix = 0;
  while (suffix < shorter - prefix &&
         a.ids[a.ids.size() - suffix - 1] == b.ids[b.ids.size() - suffix - 1]) {
    ++suffix;
  }
  const std::size_t a_end = a.ids.size() - suffix;
  const std::size_t b_end = b.ids.size() - suffix;
  const std::size_t ids = a.ids.size() + b.ids.size();
  const std::vector<bool> in_a = IdsWithin(a, prefix, a_end, ids);
  const std::vector<bool> in_b = IdsWithin(b, prefix, b_end, ids);
  const std::vector<std::size_t> a_places = Shared(a, in_b, prefix, a_end);
  const std::vector<std::size_t> b_places = Shared(b, in_a, prefix, b_end);
  const std::vector<uint32_t> a_ids = IdsAt(a, a_places);
  const std::vector<uint32_t> b_ids = IdsAt(b, b_places);
  ShortestEdit edit(a_ids, b_ids);
  if (const std::optional<int64_t> edits = edit.Search(max_cost)) {
    edit.Walk(
        *edits,
        [&](std::size_t x) { a.changed[a_places[x]] = true; },
        [&](std::size_t y) { b.changed[b_places[y]] = true; });
    return;
  }
  std::fill(a.changed.begin() + static_cast<std::ptrdiff_t>(prefix),
            a.changed.begin() + static_cast<std::ptrdiff_t>(a_end),
            true);
  std::fill(b.changed.begin() + static_cast<std::ptrdiff_t>(prefix),
            b.changed.begin() + static_cast<std::ptrdiff_t>(b_end),
            true);
}

// The end of the run of changed lines that starts at `from`.
std::size_t RunEnd(const Side& side, std::size_t from) {
  while (from < side.changed.size() && side.changed[from]) {
    ++from;
  }
  return from;
}

// Moves every run of changed lines down as far as equal lines allow, as diff(1) does: an added
// block then ends, rather than begins, with the line that it shares with its surroundings. A run
// stays beside the run of `other` that it replaces.
void SlideDown(Side& side, const Side& other) {
  std::size_t here = 0;
  std::size_t there = 0;  // The place in `other` just after the partner of the last kept line.
  while (here < side.changed.size()) {
    if (!side.changed[here]) {
      ++here;
      there = RunEnd(other, there) + 1;
      continue;
    }
    std::size_t start = here;
    std::size_t end = RunEnd(side, here);
    while (end < side.ids.size() && RunEnd(other, there) == there &&
           side.ids[start] == side.ids[end]) {
      side.changed[start++] = false;
      side.changed[end] = true;
      end = RunEnd(side, end);
      ++there;
    }
    here = end;
  }
}

std::vector<Change> ListChanges(const Side& a, const Side& b) {
  std::vector<Change> changes;
  std::size_t x = 0;
  std::size_t y = 0;
  while (x < a.lines.size() || y < b.lines.size()) {
    const Change change{x, RunEnd(a, x), y, RunEnd(b, y)};
    if (change.a_end > x || change.b_end > y) {
      changes.push_back(change);
    }
    x = change.a_end + 1;  // The line after a change is one that both sides keep.
    y = change.b_end + 1;
  }
  return changes;
}

// Writes hunks up to a size.
class HunkWriter {
 public:
  HunkWriter(const Side& a, const Side& b, const DiffLimits& limits)
      : a_(a), b_(b), limits_(limits) {}

  // One hunk with all of `changes`, which are not empty and stand close together.
  void Hunk(std::span<const Change> changes) {
    const Change& first = changes.front();
    const Change& last = changes.back();
    const std::size_t before = std::min(limits_.context, first.a);
    const std::size_t after = std::min(limits_.context, a_.lines.size() - last.a_end);
    Add(fmt::format("@@ -{} +{} @@\n",
                    Range(first.a - before, last.a_end + after),
                    Range(first.b - before, last.b_end + after)));
    std::size_t kept = first.a - before;
    for (const Change& change : changes) {
      Lines(' ', a_, kept, change.a);
      Lines('-', a_, change.a, change.a_end);
      Lines('+', b_, change.b, change.b_end);
      kept = change.a_end;
    }
    Lines(' ', a_, kept, last.a_end + after);
  }

  bool full() const { return full_; }

  std::string Take() {
    if (full_) {
      out_ += fmt::format("[cut: the difference is longer than {} bytes]\n", limits_.max_bytes);
    }
    return std::move(out_);
  }

 private:
  // "start,count" as POSIX has it: from 1, no count of 1, and the line before where count is 0.
  static std::string Range(std::size_t from, std::size_t to) {
    if (to - from == 1) {
      return fmt::format("{}", from + 1);
    }
    return fmt::format("{},{}", to == from ? from : from + 1, to - from);
  }

  void Lines(char mark, const Side& side, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to && !full_; ++i) {
      const std::string_view line = side.lines[i];
      const char* ending = line.ends_with('\n') ? "" : "\n\\ No newline at end of file\n";
      Add(fmt::format("{}{}{}", mark, line, ending));
    }
  }

  void Add(std::string_view text) {
    full_ = full_ || out_.size() + text.size() > limits_.max_bytes;
    if (!full_) {
      out_ += text;
    }
  }

  const Side& a_;
  const Side& b_;
  const DiffLimits& limits_;
  std::string out_;
  bool full_ = false;
};

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after, const DiffLimits& limits) {
  if (before == after) {
    return "";
  }
  if (!IsText(before) || !IsText(after)) {
    return fmt::format(
        "Binary content differs ({} bytes before, {} after)\n", before.size(), after.size());
  }
  Side a{KeepNewlines(before), {}, {}};
  Side b{KeepNewlines(after), {}, {}};
  Number(a, b);
  MarkChanges(a, b, limits.max_cost);
  SlideDown(a, b);
  SlideDown(b, a);
  const std::vector<Change> changes = ListChanges(a, b);
  HunkWriter writer(a, b, limits);
  for (std::size_t i = 0; i < changes.size() && !writer.full();) {
    std::size_t end = i + 1;
    while (end < changes.size() && changes[end].a - changes[end - 1].a_end <= 2 * limits.context) {
      ++end;
    }
    writer.Hunk(std::span(changes).subspan(i, end - i));
    i = end;
  }
  return writer.Take();
}

}  // namespace fettle
