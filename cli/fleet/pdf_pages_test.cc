// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/pdf_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const absl::Time kMade = absl::FromUnixSeconds(1'800'000'000);

int CountOf(std::string_view text, std::string_view part) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++at) {
    ++count;
  }
  return count;
}

TEST(PdfTextTest, WhatWindows1252HasIsShown) {
  EXPECT_EQ(PdfText("web1"), "web1");
  EXPECT_EQ(PdfText("M\xc3\xbcnchen \xe2\x82\xac \xe2\x80\x93 \xc5\xb8"),
            "M\xfcnchen \x80 \x96 \x9f");
  EXPECT_EQ(PdfText("two\nlines\tand"), "two lines and");
}

TEST(PdfTextTest, WhatItDoesNotHaveIsSaidByItsCodePoint) {
  EXPECT_EQ(PdfText("host-\xe4\xb8\xad"), "host-\\u{4e2d}");
  EXPECT_EQ(PdfText("\xf0\x9f\x98\x80"), "\\u{1f600}");
  EXPECT_EQ(PdfText("\x1b[31m\x7f"), "\\u{1b}[31m\\u{7f}");
  EXPECT_EQ(PdfText(std::string_view("\0", 1)), "\\u{0}");
  EXPECT_EQ(PdfText("\xc2\x81"), "\\u{81}");
  EXPECT_EQ(PdfText("a\xff\xe4\xb8"), "a\\u{fffd}\\u{fffd}\\u{fffd}") << "no UTF-8";
}

TEST(PdfPagesTest, ATextIsOnAPageWithItsNumber) {
  PdfPages pages("Title (one)", kMade);
  pages.Heading("Heading");
  pages.Paragraph("Some words");
  const auto file = pages.Finish();
  ASSERT_OK(file);
  EXPECT_THAT(*file, StartsWith("%PDF-1."));
  EXPECT_THAT(*file, HasSubstr("%%EOF"));
  EXPECT_THAT(*file, HasSubstr("(Title \\050one\\051) Tj"));
  EXPECT_THAT(*file, HasSubstr("(Heading) Tj"));
  EXPECT_THAT(*file, HasSubstr("(Some words) Tj"));
  EXPECT_THAT(*file, HasSubstr("(1 \\057 1) Tj"));
  EXPECT_THAT(*file, HasSubstr("D:20270115080000Z"));
}

TEST(PdfPagesTest, ALongTableGoesOnWithItsHeadings) {
  PdfPages pages("T", kMade);
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 200; ++i) {
    rows.push_back({"row" + std::to_string(i), "x"});
  }
  pages.Table({{"NAME", 2}, {"VALUE", 1}}, rows);
  const auto file = pages.Finish();
  ASSERT_OK(file);
  const int count = CountOf(*file, "/Type /Page\n");
  EXPECT_GT(count, 2);
  EXPECT_EQ(CountOf(*file, "(NAME) Tj"), count);
  EXPECT_THAT(*file, HasSubstr("(row199) Tj"));
  EXPECT_THAT(*file, HasSubstr("(" + std::to_string(count) + " \\057 " + std::to_string(count)));
}

TEST(PdfPagesTest, ACellLongerThanItsColumnIsBroken) {
  PdfPages pages("T", kMade);
  pages.Table({{"A", 1}, {"B", 9}}, {{std::string(60, 'w'), "one two three"}});
  const auto file = pages.Finish();
  ASSERT_OK(file);
  EXPECT_THAT(*file, Not(HasSubstr(std::string(60, 'w'))));
  EXPECT_GE(CountOf(*file, "www"), 60 - 2 * 20) << "all of it stands there";
  EXPECT_THAT(*file, HasSubstr("(one two three) Tj"));
}

TEST(PdfPagesTest, ACellLongerThanAPageGoesOnOnTheNext) {
  PdfPages pages("T", kMade);
  std::string words;
  for (int i = 0; i < 3000; ++i) {
    words += "word ";
  }
  pages.Table({{"A", 1}, {"B", 1}}, {{words + "end", "x"}});
  const auto file = pages.Finish();
  ASSERT_OK(file);
  EXPECT_GT(CountOf(*file, "/Type /Page\n"), 1);
  EXPECT_THAT(*file, HasSubstr("end) Tj"));
}

TEST(PdfPagesTest, TheSameIsTheSameBytes) {
  const auto make = [] {
    PdfPages pages("T", kMade);
    pages.Paragraph("words");
    return pages.Finish().value();
  };
  EXPECT_EQ(make(), make());
}

}  // namespace
}  // namespace fettle::cli
