// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fettle::modules {

// A POSIX extended regular expression (regex(7)) that is searched for in single lines, byte by
// byte. glibc's matcher takes no back-references here, so its time is bounded by line times
// pattern; it needs no stack, which std::regex does. Only for modules/line.
class Pattern {
 public:
  // kInvalidArgument saying what is wrong with it: syntax, longer than 500 characters,
  // back-references, repetitions above 100 times.
  static absl::StatusOr<Pattern> Compile(const std::string& text);

  // Whether it is found anywhere in `line`, which has no line ending. Lines above 64 KiB never
  // match.
  bool Matches(std::string_view line) const;

 private:
  struct Free {
    void operator()(regex_t* compiled) const;
  };

  std::unique_ptr<regex_t, Free> compiled_;
};

}  // namespace fettle::modules
