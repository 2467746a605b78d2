// SPDX-License-Identifier: Apache-2.0
#include "lib/base/unified_diff.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/text.h"

namespace fettle {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  const char* name;
  const char* before;
  const char* after;
  const char* diff;  // What `diff -u` of diffutils 3.8 prints after its two header lines.
};

constexpr Case kCases[] = {
    {"equal", "a\nb\n", "a\nb\n", ""},
    {"both empty", "", "", ""},
    {"one line of three", "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
    {"from nothing", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
    {"to nothing", "a\n", "", "@@ -1 +0,0 @@\n-a\n"},
    {"final newline added", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
    {"final newline missing on both sides",
     "a\nb",
     "a\nc",
     "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"},
    {"kept last line without newline",
     "a\nb",
     "x\nb",
     "@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n"},
    {"two changes with six lines between share a hunk",
     "1\n2\n3\n4\n5\n6\n7\n8\n",
     "X\n2\n3\n4\n5\n6\n7\nY\n",
     "@@ -1,8 +1,8 @@\n-1\n+X\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+Y\n"},
    {"two changes with seven lines between do not",
     "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
     "X\n2\n3\n4\n5\n6\n7\n8\nY\n",
     "@@ -1,4 +1,4 @@\n-1\n+X\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+Y\n"},
    {"a repeated block is added at the end",
     "{\n}\n{\n}\n",
     "{\n}\n{\n}\n{\n}\n",
     "@@ -2,3 +2,5 @@\n }\n {\n }\n+{\n+}\n"},
    {"an added block ends with the line it shares with its surroundings",
     "f {\n  a\n}\n\ng {\n  b\n}\n",
     "f {\n  a\n}\n\nh {\n  c\n}\n\ng {\n  b\n}\n",
     "@@ -2,6 +2,10 @@\n   a\n }\n \n+h {\n+  c\n+}\n+\n g {\n   b\n }\n"},
};

// What `patch` makes of `before`. Fails the test when the diff does not fit it: wrong counts,
// wrong place, other context. Lines are compared with their newline.
class Patcher {
 public:
  Patcher(std::string_view before, std::string_view diff) : diff_(SplitLines(diff)) {
    while (!before.empty()) {
      const std::size_t end = std::min(before.find('\n'), before.size() - 1) + 1;
      before_.emplace_back(before.substr(0, end));
      before.remove_prefix(end);
    }
  }

  std::string Apply() {
    while (at_ < diff_.size() && !::testing::Test::HasFailure()) {
      Hunk();
    }
    while (next_ < before_.size()) {
      after_ += before_[next_++];
    }
    return after_;
  }

 private:
  // Reads "start,count" or "start".
  static std::pair<std::size_t, std::size_t> Range(std::string_view text) {
    const std::vector<std::string_view> parts = Split(text, ',');
    int64_t start = -1;
    int64_t count = 1;
    EXPECT_TRUE(ParseInt(parts[0], &start)) << text;
    EXPECT_TRUE(parts.size() == 1 || ParseInt(parts[1], &count)) << text;
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(count)};
  }

  void Hunk() {
    const std::vector<std::string_view> words = SplitWords(diff_[at_++]);
    ASSERT_EQ(words.size(), 4U);
    auto [start, removed] = Range(words[1].substr(1));
    auto [new_start, added] = Range(words[2].substr(1));
    const std::size_t from = removed == 0 ? start : start - 1;
    ASSERT_LE(from, before_.size());
    while (next_ < from) {
      after_ += before_[next_++];
    }
    EXPECT_EQ(SplitLines(after_).size(), added == 0 ? new_start : new_start - 1);
    while (removed + added > 0) {
      ASSERT_LT(at_, diff_.size());
      const char mark = diff_[at_].front();
      const std::string line = Line();
      if (mark != '+') {
        ASSERT_LT(next_, before_.size());
        ASSERT_EQ(line, before_[next_++]);
        --removed;
      }
      if (mark != '-') {
        after_ += line;
        --added;
      }
    }
  }

  // The next line of the diff without its mark, with its newline unless marked as lacking one.
  std::string Line() {
    std::string line(diff_[at_++].substr(1));
    if (at_ < diff_.size() && diff_[at_].starts_with('\\')) {
      ++at_;
      return line;
    }
    return line + '\n';
  }

  std::vector<std::string_view> diff_;
  std::vector<std::string> before_;
  std::string after_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
};

std::size_t ChangedLines(std::string_view diff) {
  std::size_t count = 0;
  for (const std::string_view line : SplitLines(diff)) {
    count += line.starts_with('+') || line.starts_with('-') ? 1 : 0;
  }
  return count;
}

// Added and removed lines of a shortest script, by the textbook table.
std::size_t ShortestScript(const std::vector<std::string_view>& a,
                           const std::vector<std::string_view>& b) {
  std::vector<std::vector<std::size_t>> common(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      common[i][j] = a[i - 1] == b[j - 1] ? common[i - 1][j - 1] + 1
                                          : std::max(common[i - 1][j], common[i][j - 1]);
    }
  }
  return a.size() + b.size() - 2 * common[a.size()][b.size()];
}

TEST(UnifiedDiffTest, PrintsWhatDiffPrints) {
  for (const Case& c : kCases) {
    EXPECT_EQ(UnifiedDiff(c.before, c.after), c.diff) << c.name;
    EXPECT_EQ(Patcher(c.before, c.diff).Apply(), c.after) << c.name;
  }
}

TEST(UnifiedDiffTest, AnyPairOfTextsIsPatchedBackWithAShortestScript) {
  std::mt19937 random(20261122);  // Fixed, so that a failure comes again.
  const auto text = [&random](std::size_t letters) {
    std::string lines;
    for (std::size_t i = random() % 14; i > 0; --i) {
      lines += static_cast<char>('a' + random() % letters);
      lines += '\n';
    }
    if (!lines.empty() && random() % 5 == 0) {
      lines.pop_back();
    }
    return lines;
  };
  for (int round = 0; round < 4000 && !HasFailure(); ++round) {
    const std::size_t letters = 1 + random() % 6;
    const std::string before = text(letters);
    const std::string after = text(letters);
    const std::string diff = UnifiedDiff(before, after, {.context = random() % 4});
    EXPECT_EQ(Patcher(before, diff).Apply(), after) << before << "to\n" << after << diff;
    if (before.ends_with('\n') && after.ends_with('\n')) {
      EXPECT_EQ(ChangedLines(diff), ShortestScript(SplitLines(before), SplitLines(after))) << diff;
    }
  }
}

TEST(UnifiedDiffTest, BeyondTheWorkBoundOneBlockReplacesTheMiddle) {
  const std::string before = "top\na\nb\nc\nd\nend\n";
  const std::string after = "top\nd\nc\nb\na\nend\n";
  const std::string diff = UnifiedDiff(before, after, {.max_cost = 3});
  EXPECT_EQ(diff, "@@ -1,6 +1,6 @@\n top\n-a\n-b\n-c\n-d\n+d\n+c\n+b\n+a\n end\n");
  EXPECT_EQ(ChangedLines(UnifiedDiff(before, after)), 6U);
}

TEST(UnifiedDiffTest, TextsWithoutACommonLineNeedNoSearch) {
  std::string before;
  std::string after;
  for (int i = 0; i < 20'000; ++i) {
    before += 'a' + std::to_string(i) + '\n';
    after += 'b' + std::to_string(i) + '\n';
  }
  const DiffLimits limits{.max_bytes = 1 << 20, .max_cost = 10};
  const std::string whole = UnifiedDiff(before, after, limits);
  EXPECT_EQ(ChangedLines(whole), 40'000U);
  const std::string one_kept = UnifiedDiff(before + "same\nx\n", after + "same\ny\n", limits);
  EXPECT_THAT(one_kept, HasSubstr("\n same\n"));
}

TEST(UnifiedDiffTest, CutsLongOutputAfterAWholeLineAndSaysSo) {
  std::string after;
  for (int i = 0; i < 1000; ++i) {
    after += "line " + std::to_string(i) + '\n';
  }
  const std::string diff = UnifiedDiff("", after, {.max_bytes = 100});
  EXPECT_THAT(diff, EndsWith("\n[cut: the difference is longer than 100 bytes]\n"));
  EXPECT_LE(diff.find("[cut"), 100U);
  EXPECT_THAT(diff, HasSubstr("\n+line 0\n"));
  EXPECT_THAT(UnifiedDiff("", "a\n", {.max_bytes = 100}), Not(HasSubstr("[cut")));
}

TEST(UnifiedDiffTest, ShowsNoBytesOfBinaryContent) {
  const std::string nul("a\0b", 3);
  EXPECT_EQ(UnifiedDiff(nul, "text\n"), "Binary content differs (3 bytes before, 5 after)\n");
  EXPECT_EQ(UnifiedDiff("", "\xff\xfe"), "Binary content differs (0 bytes before, 2 after)\n");
  EXPECT_EQ(UnifiedDiff(nul, nul), "");
}

}  // namespace
}  // namespace fettle
