// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace fettle::cli {

// What a cell's text means, for its colour.
enum class Tone { kPlain, kGood, kChanged, kBad, kDim };

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

// Rows in aligned columns, for people. Control characters in cells are shown as "?", so that
// nothing that came from a host can speak to the terminal of who reads it.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // As many cells as headings.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

  bool empty() const { return rows_.empty(); }

  // With a heading line; each line ends with a newline. The last column is cut at `width` (0:
  // never).
  std::string Format(bool colour, std::size_t width) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_;
};

// `text` in the colour of `tone`, if `colour`.
std::string Toned(std::string_view text, Tone tone, bool colour);

// "3m ago", "2d ago", "just now"; "never" for InfinitePast; "in 5h" for what is to come.
std::string Age(absl::Time when, absl::Time now);

}  // namespace fettle::cli
