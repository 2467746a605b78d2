// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "server/fleet/host_view.h"

namespace fettle::server {

// Which hosts somebody means: terms joined by blanks, all of which must hold.
//   web1, web*            the name; '*' stands for any characters, '?' for one
//   state=failed          at least one resource rests in that state ("ok": all of them do)
//   presence=silent       connected, silent, never, revoked
//   channel=, revision=   what it follows, what it enforces
//   os=debian, os=debian?12  its first word, or all of it
//   label=value           any other word is a label
// `!=` instead of `=` turns a term round. Values may hold '*' and '?'. "" matches all. A value.
class Filter {
 public:
  // kInvalidArgument names the term that is wrong, and why.
  static absl::StatusOr<Filter> Parse(std::string_view text);

  bool Matches(const HostView& host) const;

 private:
  enum class Kind : uint8_t { kName, kState, kPresence, kChannel, kRevision, kOs, kLabel };

  struct Term {
    Kind kind = Kind::kName;
    std::string label;
    std::string value;
    bool negated = false;
  };

  static absl::StatusOr<Term> ParseTerm(std::string_view text);
  static bool Holds(const Term& term, const HostView& host);

  std::vector<Term> terms_;
};

// Whether `text` fits `pattern`, in which '*' stands for any characters and '?' for one.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace fettle::server
