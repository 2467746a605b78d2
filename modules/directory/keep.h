// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fettle::modules {

// What `purge` leaves alone, by path relative to the directory. Only for modules/directory.
class KeepList {
 public:
  // Patterns as in the shell ("*.conf", "conf.d/a"): "*" and "?" stop at "/", "[…]" is not special.
  // One that ends with "/" stands for all below as well.
  explicit KeepList(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}

  // Whether a pattern matches `relative`, or it is a package manager's temporary.
  bool Keeps(std::string_view relative) const;

  // Whether a pattern names something below `relative`, which therefore stays as a directory.
  bool LeadsToKept(std::string_view relative) const;

 private:
  std::vector<std::string> patterns_;
};

// Whether `text` matches the shell pattern: "*", "?", everything else literally.
bool MatchesGlob(std::string_view pattern, std::string_view text);

// "sshd_config.dpkg-new" and its kin: dpkg's and ucf's copies, and the agent's own temporaries.
bool IsTemporaryCopy(std::string_view name);

}  // namespace fettle::modules
