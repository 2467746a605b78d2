// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fettle::recipe {

// The function that a compiled template calls with each piece of its output.
inline constexpr std::string_view kEmit = "_emit";

// A template as Lua source, in which every line stands where it stood, so that Lua's messages name
// the template's lines. In a template:
//   <%= expression %>   its value: a text, a number, true or false, a secret
//   <% statements %>    Lua
//   <%# remark %>       nothing
//   <%% and %%>         these signs themselves
//   <%-  -%>            without the blanks before it on its line; without the line end behind it
// kInvalidArgument, with the line, for a tag that is not closed.
absl::StatusOr<std::string> CompileTemplate(std::string_view text);

}  // namespace fettle::recipe
