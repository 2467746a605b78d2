// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "agent/engine/prepared.h"

namespace fettle::engine {

// Chooses who is brought about together with the resource at `position` of the order, which is due
// and whose type is applied in batches: the later due ones of its type that can be pulled forward
// so that nobody could tell. That is, none is pulled past a due resource that it follows (directly
// or through others), past a due step of which nobody can say what it does (exec), or past a due
// file that tells the package manager what to do (under /etc/apt or /etc/dpkg). `due` says of an
// index whether this run is about to change it or tell it of a change. Answers indices, the first
// one's first.
//
// A type that is batched in order pulls nobody forward: its members stand right behind one another
// in the order, with nothing but resources of their type that are at rest between them, and none
// has a guard, needs another member, follows one or is told of one.
std::vector<std::size_t> ChooseBatch(const Prepared& prepared,
                                     std::size_t position,
                                     const std::function<bool(std::size_t)>& due);

}  // namespace fettle::engine
