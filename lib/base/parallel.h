// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace fettle {

// Calls `work(i)` for every i in [0, count), on `threads` threads (the caller's is one of them), in
// chunks handed out in rising order. Returns when all calls have returned. `work` must be safe to
// call from several threads and must not throw. With threads <= 1 or few items it runs on the
// caller's thread alone.
void ParallelFor(std::size_t count,
                 std::size_t threads,
                 const std::function<void(std::size_t)>& work);

// How many threads are worth using here: the CPUs this process may run on, at least 1, at most 8.
std::size_t UsefulThreads();

}  // namespace fettle
