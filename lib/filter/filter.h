// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/filter/value.h"

// The one filter language, of command line, API and console; docs/reference/filter.md tells users.
//   os.id == "debian" and labels.role in [web, db] and not (presence == silent)
namespace fettle::filter {

struct Node;

// A filter that was read. A value, safe to use from any thread.
class Filter {
 public:
  // kInvalidArgument says what is wrong, at which column, and points at it: the message has three
  // lines. Moments are counted from `now`; those that name no zone are in UTC. A blank text holds
  // of everything. Texts of more than 4096 bytes or nested deeper than 50 are refused.
  static absl::StatusOr<Filter> Parse(std::string_view text,
                                      const Language& language,
                                      absl::Time now);

  bool Matches(const Fields& fields) const;

  // Whether it holds of everything, because it says nothing.
  bool all() const { return root_ == nullptr; }

  // The one value of the language's subject that it can hold of, when it says so at its top: "web1"
  // of `name == web1 and paused`. "" otherwise.
  const std::string& only() const { return only_; }

  // The fields that it looks at, each once, sorted.
  const std::vector<std::string>& fields() const { return fields_; }

 private:
  std::shared_ptr<const Node> root_;
  std::string only_;
  std::vector<std::string> fields_;
};

}  // namespace fettle::filter
