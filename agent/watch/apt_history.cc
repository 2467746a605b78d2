// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/apt_history.h"

#include <utility>

#include <fmt/format.h>

#include "agent/watch/redact.h"
#include "lib/base/text.h"

namespace fettle::watch {
namespace {

using Step = AptTransaction::Step;

// One of "nginx:amd64 (1.22.1-9, automatic)" and "bash:amd64 (5.1-2, 5.2-1)": `which` says which of
// the words in the brackets is the version after it.
Step StepOf(std::string_view text, std::size_t which) {
  const std::size_t open = text.find(" (");
  Step step{std::string(Trim(text.substr(0, open))), ""};
  if (open != std::string_view::npos && which > 0) {
    const std::string_view inside = text.substr(open + 2);
    const std::vector<std::string_view> words = Split(inside.substr(0, inside.find(')')), ',');
    step.version = which <= words.size() ? Trim(words[which - 1]) : std::string_view();
  }
  return step;
}

// The steps of a line, which are parted by "), ".
void AddSteps(std::string_view list, std::size_t which, std::vector<Step>* steps) {
  while (!list.empty()) {
    const std::size_t end = list.find(')');
    steps->push_back(StepOf(list.substr(0, end == std::string_view::npos ? end : end + 1), which));
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    const std::size_t next = list.find_first_not_of(", ");
    list = next == std::string_view::npos ? std::string_view() : list.substr(next);
  }
}

std::string CommandOf(std::string_view line) {
  std::vector<std::string> words;
  for (const std::string_view word : Split(Trim(line), ' ')) {
    words.emplace_back(word);
  }
  return RedactedCommand(words);
}

}  // namespace

std::vector<AptTransaction> ParseAptHistory(std::string_view history) {
  // Which of the words in brackets is the version that there is afterwards, from 1; 0: none.
  constexpr std::pair<std::string_view, std::size_t> kActions[] = {{"Install", 1},
                                                                   {"Reinstall", 1},
                                                                   {"Upgrade", 2},
                                                                   {"Downgrade", 2},
                                                                   {"Remove", 0},
                                                                   {"Purge", 0}};
  std::vector<AptTransaction> all;
  std::string by;
  const auto finish = [&] {
    if (!all.empty() && !all.back().command.empty()) {
      all.back().command += std::exchange(by, "");
    }
    by.clear();
  };
  for (const std::string_view line : SplitLines(history)) {
    const std::size_t colon = line.find(": ");
    const std::string_view key = line.substr(0, colon);
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view() : line.substr(colon + 2);
    if (key == "Start-Date") {
      finish();
      all.emplace_back();
    } else if (all.empty()) {
      continue;  // The end of one whose beginning was cut off.
    } else if (key == "Commandline") {
      all.back().command = CommandOf(value);
    } else if (key == "Requested-By") {
      by = fmt::format(", requested by {}", Trim(value));
    }
    for (const auto& [action, which] : kActions) {
      if (key == action && !all.empty()) {
        AddSteps(value, which, &all.back().steps);
      }
    }
  }
  finish();
  return all;
}

}  // namespace fettle::watch
