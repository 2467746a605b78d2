// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "modules/line/pattern.h"

// The text side of modules/line: pure functions from a file's content to its new content. Every
// byte that is not of the line or block itself stays. Lines end with LF or CRLF; new ones take the
// ending of the file's first line.
namespace fettle::modules {

// Where something new goes.
struct Position {
  enum class Where { kEnd, kBegin, kAfter, kBefore };
  Where where = Where::kEnd;
  // kAfter: the last line that matches; kBefore: the first. If none does: the end.
  const Pattern* pattern = nullptr;
};

// A line that is to be in the text exactly once, or not at all.
struct LineEdit {
  std::optional<std::string> line;  // Without its ending.
  const Pattern* match = nullptr;   // Lines that stand for the same setting; null: only `line`.
  Position position;
  bool absent = false;
};

// Lines between two marker lines that are to be in the text exactly once, or not at all.
struct BlockEdit {
  std::string begin;  // The marker lines, without endings.
  std::string end;
  std::string body;  // With or without a final newline.
  Position position;
  bool absent = false;
};

struct Edited {
  std::string text;  // What the file is to hold; equal to the input: nothing to do.
  std::vector<std::string>
      found;  // The lines, or the bodies of the blocks, that were there for it.
};

// The first line that is `line` stays, else the first that matches becomes it, else it is inserted;
// all others that match, or are `line`, go.
Edited ApplyLine(std::string_view text, const LineEdit& edit);

// The first block between the markers gets the body, or a new one is inserted; further ones go.
// kFailedPrecondition when a marker stands there without the other.
absl::StatusOr<Edited> ApplyBlock(std::string_view text, const BlockEdit& edit);

}  // namespace fettle::modules
