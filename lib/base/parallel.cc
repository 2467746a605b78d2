// SPDX-License-Identifier: Apache-2.0
#include "lib/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace fettle {
namespace {

constexpr std::size_t kChunk =
    32;  // Items a thread takes at once: enough to make the counter cheap.

}  // namespace

void ParallelFor(std::size_t count,
                 std::size_t threads,
                 const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto drain = [&] {
    for (std::size_t start = next.fetch_add(kChunk); start < count;
         start = next.fetch_add(kChunk)) {
      for (std::size_t i = start; i < std::min(start + kChunk, count); ++i) {
        work(i);
      }
    }
  };
  const std::size_t chunks = (count + kChunk - 1) / kChunk;
  const std::size_t others = std::min(threads, chunks) > 1 ? std::min(threads, chunks) - 1 : 0;
  std::vector<std::thread> pool;
  pool.reserve(others);
  for (std::size_t i = 0; i < others; ++i) {
    pool.emplace_back(drain);
  }
  drain();
  for (std::thread& thread : pool) {
    thread.join();
  }
}

std::size_t UsefulThreads() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) {
    return 1;
  }
  return std::clamp<std::size_t>(static_cast<std::size_t>(CPU_COUNT(&cpus)), 1, 8);
}

}  // namespace fettle
