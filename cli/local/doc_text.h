// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/resource/schema.h"

namespace fettle::cli {

// The reference of a resource type, made from its schema alone: for a terminal, and as a Markdown
// page.
std::string DocText(const resource::Schema& schema);
std::string DocMarkdown(const resource::Schema& schema);

}  // namespace fettle::cli
