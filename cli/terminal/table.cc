// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/table.h"

#include <algorithm>

#include <fmt/format.h>

namespace fettle::cli {
namespace {

// Characters of UTF-8 text, taken as one column each.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string Visible(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return out;
}

// At most `columns` of `text`, marked with "…" where cut.
std::string Cut(std::string_view text, std::size_t columns) {
  if (Width(text) <= columns || columns == 0) {
    return std::string(text);
  }
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U && ++seen == columns) {
      break;
    }
  }
  return std::string(text.substr(0, end)) + "…";
}

const char* Code(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kChanged:
      return "\x1b[33m";
    case Tone::kBad:
      return "\x1b[31m";
    case Tone::kDim:
      return "\x1b[2m";
    case Tone::kPlain:
      break;
  }
  return "";
}

}  // namespace

std::string Toned(std::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::kPlain) {
    return std::string(text);
  }
  return fmt::format("{}{}\x1b[0m", Code(tone), text);
}

std::string Table::Format(bool colour, std::size_t width) const {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings_) {
    widths.push_back(Width(heading));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i].text));
    }
  }
  std::size_t before_last = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    before_last += widths[i] + 2;
  }
  const std::size_t room = width > before_last + 10 ? width - before_last : 0;
  std::string out;
  const auto add = [&](std::string_view raw, Tone tone, std::size_t i) {
    const bool last = i + 1 == widths.size();
    const std::string text = last ? Cut(Visible(raw), room) : Visible(raw);
    out += Toned(text, tone, colour);
    out += last ? "\n" : std::string(widths[i] - Width(text) + 2, ' ');
  };
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    add(headings_[i], Tone::kDim, i);
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      add(row[i].text, row[i].tone, i);
    }
  }
  return out;
}

std::string Age(absl::Time when, absl::Time now) {
  if (when == absl::InfinitePast()) {
    return "never";
  }
  const absl::Duration ago = when > now ? when - now : now - when;
  std::string span;
  if (ago < absl::Seconds(1)) {
    return "just now";
  }
  if (ago < absl::Minutes(1)) {
    span = fmt::format("{}s", absl::ToInt64Seconds(ago));
  } else if (ago < absl::Hours(1)) {
    span = fmt::format("{}m", absl::ToInt64Minutes(ago));
  } else if (ago < absl::Hours(48)) {
    span = fmt::format("{}h", absl::ToInt64Hours(ago));
  } else {
    span = fmt::format("{}d", absl::ToInt64Hours(ago) / 24);
  }
  return when > now ? fmt::format("in {}", span) : fmt::format("{} ago", span);
}

}  // namespace fettle::cli
