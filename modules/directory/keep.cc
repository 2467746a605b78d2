// SPDX-License-Identifier: Apache-2.0
#include "modules/directory/keep.h"

#include <algorithm>

#include "lib/base/text.h"

namespace fettle::modules {

bool IsTemporaryCopy(std::string_view name) {
  constexpr std::string_view kSuffixes[] = {".dpkg-new",
                                            ".dpkg-dist",
                                            ".dpkg-old",
                                            ".dpkg-tmp",
                                            ".dpkg-bak",
                                            ".dpkg-remove",
                                            ".ucf-new",
                                            ".ucf-dist",
                                            ".ucf-old"};
  const bool ours = name.starts_with(".fettle-") && name.ends_with("~");
  return ours || std::any_of(std::begin(kSuffixes), std::end(kSuffixes), [&](std::string_view one) {
           return name.ends_with(one);
         });
}

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // The last "*", from which to try again.
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos && text[resume] != '/') {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

namespace {

// The first components of `relative`, as many as `pattern` has.
std::string_view AsDeep(std::string_view relative, std::string_view pattern) {
  std::size_t end = 0;
  for (auto depth = std::count(pattern.begin(), pattern.end(), '/'); depth >= 0; --depth) {
    end = relative.find('/', end == 0 ? 0 : end + 1);
    if (end == std::string_view::npos) {
      return relative;
    }
  }
  return relative.substr(0, end);
}

// A pattern that ends with "/" stands for what it names and all below.
bool Matches(std::string_view pattern, std::string_view relative) {
  if (!pattern.ends_with('/')) {
    return MatchesGlob(pattern, relative);
  }
  pattern.remove_suffix(1);
  return MatchesGlob(pattern, AsDeep(relative, pattern));
}

}  // namespace

bool KeepList::Keeps(std::string_view relative) const {
  const std::string_view name = relative.substr(relative.rfind('/') + 1);
  return IsTemporaryCopy(name) ||
         std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
           return Matches(pattern, relative);
         });
}

bool KeepList::LeadsToKept(std::string_view relative) const {
  const auto depth = std::count(relative.begin(), relative.end(), '/') + 1;
  return std::any_of(patterns_.begin(), patterns_.end(), [&](std::string_view pattern) {
    // The pattern's first `depth` components, if it has more.
    std::size_t end = 0;
    for (std::ptrdiff_t i = 0; i < depth; ++i) {
      end = pattern.find('/', end + (i == 0 ? 0 : 1));
      if (end == std::string_view::npos) {
        return false;
      }
    }
    return MatchesGlob(pattern.substr(0, end), relative);
  });
}

}  // namespace fettle::modules
