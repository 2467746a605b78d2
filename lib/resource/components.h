// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace fettle::resource {

// A directed graph over 0 … n-1: for each node, where its edges lead.
using Edges = std::vector<std::vector<std::size_t>>;

// For each node the number of its strongly connected component: two nodes have the same number if
// and only if each can be reached from the other. Linear in nodes and edges; does not recurse.
std::vector<std::size_t> Components(const Edges& edges);

}  // namespace fettle::resource
