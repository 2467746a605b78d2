// SPDX-License-Identifier: Apache-2.0
#include "modules/line/pattern.h"

#include <array>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::modules {
namespace {

constexpr std::size_t kMostCharacters = 500;
constexpr int64_t kMostRepetitions = 100;  // "{n,m}" multiplies the compiled pattern.
constexpr std::size_t kMostLine = 64 << 10;

// The numbers of every "{n,m}" are at most kMostRepetitions.
bool RepetitionsBounded(std::string_view text) {
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      return true;
    }
    for (const std::string_view number : Split(text.substr(at + 1, end - at - 1), ',')) {
      int64_t value = 0;
      if (ParseInt(number, &value) && value > kMostRepetitions) {
        return false;
      }
    }
  }
  return true;
}

bool HasBackReference(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') {
      continue;
    }
    ++i;
    if (text[i] >= '1' && text[i] <= '9') {
      return true;
    }
  }
  return false;
}

}  // namespace

void Pattern::Free::operator()(regex_t* compiled) const {
  regfree(compiled);
  delete compiled;
}

absl::StatusOr<Pattern> Pattern::Compile(const std::string& text) {
  if (text.empty() || text.size() > kMostCharacters || text.find('\0') != std::string::npos) {
    return InvalidArgument("a pattern has 1 to {} characters", kMostCharacters);
  }
  if (HasBackReference(text)) {
    return InvalidArgument("\"{}\": back-references (\\1) are not supported", text);
  }
  if (!RepetitionsBounded(text)) {
    return InvalidArgument("\"{}\": repeats more than {} times", text, kMostRepetitions);
  }
  auto compiled = std::make_unique<regex_t>();
  const int error = regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error != 0) {
    std::array<char, 200> reason{};
    regerror(error, compiled.get(), reason.data(), reason.size());
    return InvalidArgument(
        "\"{}\" is no POSIX extended regular expression: {}", text, reason.data());
  }
  Pattern pattern;
  pattern.compiled_.reset(compiled.release());
  return pattern;
}

bool Pattern::Matches(std::string_view line) const {
  if (line.size() > kMostLine) {
    return false;
  }
  regmatch_t range{};
  range.rm_so = 0;
  range.rm_eo = static_cast<regoff_t>(line.size());
  return regexec(
             compiled_.get(), line.data() == nullptr ? "" : line.data(), 1, &range, REG_STARTEND) ==
         0;
}

}  // namespace fettle::modules
