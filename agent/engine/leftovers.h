// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/journal/knowledge.h"
#include "lib/resource/schema.h"
#include "lib/sys/host.h"

namespace fettle::engine {

// The directories in which a change of who has this footprint may leave temporaries if it is
// killed: those of the files it writes, and of what they lead to where they are links.
std::vector<std::string> FoldersOf(const resource::Footprint& footprint,
                                   const sys::HostReader& host);

// Removes what a killed run left in the directories it wrote down. Only under the run lock. A
// directory that cannot be read is passed over: what is left there harms nobody, and the run that
// is due matters more.
void RemoveLeftovers(const journal::Knowledge& knowledge, sys::Host& host);

}  // namespace fettle::engine
