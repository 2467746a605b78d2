// SPDX-License-Identifier: Apache-2.0
#include "modules/line/edit.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::modules {
namespace {

struct TextLine {
  std::string_view body;
  std::string_view ending;  // "\n", "\r\n", or "" for a last line without one.
};

using Lines = std::vector<TextLine>;

Lines Parse(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) {
      lines.push_back({text, ""});
      break;
    }
    const bool carriage = newline > 0 && text[newline - 1] == '\r';
    const std::size_t body = newline - (carriage ? 1 : 0);
    lines.push_back({text.substr(0, body), text.substr(body, newline + 1 - body)});
    text.remove_prefix(newline + 1);
  }
  return lines;
}

std::string Join(const Lines& lines) {
  std::string text;
  for (const TextLine& line : lines) {
    text.append(line.body).append(line.ending);
  }
  return text;
}

std::string_view EndingOf(const Lines& lines) {
  return lines.empty() || lines.front().ending.empty() ? "\n" : lines.front().ending;
}

std::size_t IndexOf(const Lines& lines, const Position& position) {
  const auto matches = [&](const TextLine& line) { return position.pattern->Matches(line.body); };
  switch (position.where) {
    case Position::Where::kBegin:
      return 0;
    case Position::Where::kEnd:
      return lines.size();
    case Position::Where::kBefore:
      return static_cast<std::size_t>(std::find_if(lines.begin(), lines.end(), matches) -
                                      lines.begin());
    case Position::Where::kAfter:
      break;
  }
  const auto last = std::find_if(lines.rbegin(), lines.rend(), matches);
  return last == lines.rend() ? lines.size() : static_cast<std::size_t>(lines.rend() - last);
}

// Puts `added` before line `index`. A last line that had no ending gets one when something follows.
void Insert(const Lines& added, std::size_t index, Lines* lines) {
  const std::string_view ending = EndingOf(*lines);
  if (index == lines->size() && !lines->empty() && lines->back().ending.empty()) {
    lines->back().ending = ending;
  }
  lines->insert(lines->begin() + static_cast<std::ptrdiff_t>(index), added.begin(), added.end());
}

// The marker lines and what stands between them, at [first, last] of a text.
struct Block {
  std::size_t first = 0;
  std::size_t last = 0;
};

absl::StatusOr<std::vector<Block>> FindBlocks(const Lines& lines, const BlockEdit& edit) {
  std::vector<Block> blocks;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].body == edit.begin) {
      if (open.has_value()) {
        return FailedPrecondition(
            "line {} is \"{}\" again before its end; mend the file by hand", i + 1, edit.begin);
      }
      open = i;
    } else if (lines[i].body == edit.end) {
      if (!open.has_value()) {
        return FailedPrecondition(
            "line {} is \"{}\" without its beginning; mend the file by hand", i + 1, edit.end);
      }
      blocks.push_back({*open, i});
      open.reset();
    }
  }
  if (open.has_value()) {
    return FailedPrecondition(
        "line {} is \"{}\", and its end is missing; mend the file by hand", *open + 1, edit.begin);
  }
  return blocks;
}

void Erase(std::size_t first, std::size_t end, Lines* lines) {
  lines->erase(lines->begin() + static_cast<std::ptrdiff_t>(first),
               lines->begin() + static_cast<std::ptrdiff_t>(end));
}

}  // namespace

Edited ApplyLine(std::string_view text, const LineEdit& edit) {
  Lines lines = Parse(text);
  std::vector<std::size_t> hits;
  Edited edited;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool same = edit.line.has_value() && lines[i].body == *edit.line;
    if (same || (edit.match != nullptr && edit.match->Matches(lines[i].body))) {
      hits.push_back(i);
      edited.found.emplace_back(lines[i].body);
    }
  }
  std::optional<std::size_t> keep;
  if (!edit.absent && !hits.empty()) {
    const auto same = std::find_if(
        hits.begin(), hits.end(), [&](std::size_t i) { return lines[i].body == *edit.line; });
    keep = same == hits.end() ? hits.front() : *same;
    lines[*keep].body = *edit.line;
  }
  for (auto hit = hits.rbegin(); hit != hits.rend(); ++hit) {
    if (keep != *hit) {
      Erase(*hit, *hit + 1, &lines);
    }
  }
  if (!edit.absent && hits.empty()) {
    Insert({{*edit.line, EndingOf(lines)}}, IndexOf(lines, edit.position), &lines);
  }
  edited.text = Join(lines);
  return edited;
}

absl::StatusOr<Edited> ApplyBlock(std::string_view text, const BlockEdit& edit) {
  Lines lines = Parse(text);
  ASSIGN_OR_RETURN(const std::vector<Block> blocks, FindBlocks(lines, edit));
  Edited edited;
  for (const Block& block : blocks) {
    std::string body;
    for (std::size_t i = block.first + 1; i < block.last; ++i) {
      body.append(lines[i].body).append("\n");
    }
    edited.found.push_back(std::move(body));
  }
  const std::string_view ending = EndingOf(lines);
  Lines wanted = {{edit.begin, ending}};
  for (const std::string_view line : SplitLines(edit.body)) {
    wanted.push_back({line, ending});
  }
  wanted.push_back({edit.end, ending});
  // Where the file ended without a newline with the block, it goes on doing so.
  if (!blocks.empty() && blocks.front().last + 1 == lines.size()) {
    wanted.back().ending = lines.back().ending;
  }
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    Erase(block->first, block->last + 1, &lines);
  }
  if (!edit.absent) {
    Insert(wanted, blocks.empty() ? IndexOf(lines, edit.position) : blocks.front().first, &lines);
  }
  edited.text = Join(lines);
  return edited;
}

}  // namespace fettle::modules
