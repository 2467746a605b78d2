// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fettle {

// For a process that works seldom and idles for years: one arena for all threads, and what was
// taken for anything large goes back to the system when it is freed. To be called before the first
// thread is made. Costs system calls where much is allocated and freed again.
void KeepHeapSmall();

}  // namespace fettle
