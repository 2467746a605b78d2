// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle {

// The parts of `text` between `separator`s, empty ones included; one part for an empty text.
// The views live as long as `text`.
std::vector<std::string_view> Split(std::string_view text, char separator);

// The lines of `text` without their '\n'; a final newline does not begin another line.
std::vector<std::string_view> SplitLines(std::string_view text);

// The words of `text`: maximal runs without blanks or tabs.
std::vector<std::string_view> SplitWords(std::string_view text);

// `text` without leading and trailing white space (space, tab, CR, LF).
std::string_view Trim(std::string_view text);

// A decimal number that is the whole of `text`; false otherwise or when it does not fit.
bool ParseInt(std::string_view text, int64_t* value);

// The member of `known` most like `word` (edit distance at most a third of its length, at least 1;
// two neighbours swapped count as one edit), or "" if none is.
std::string_view ClosestMatch(std::string_view word, std::span<const std::string_view> known);

// `; did you mean "x"?` for ClosestMatch's answer, "" where there is none. For the end of an error
// message.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> known);

// Whether `text` is well-formed UTF-8 without NUL: what may be shown and diffed as text. Otherwise
// it is binary.
bool IsText(std::string_view text);

}  // namespace fettle
