// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "lib/sys/host.h"

namespace fettle::sys {

struct LinuxHostOptions {
  // Where blobs come from; must outlive the host. Null: there are none (every Blob() is kNotFound).
  const BlobReader* blobs = nullptr;
  // Put before every path that files(), accounts() and packages() use; "" for the machine's own
  // root. For tests.
  std::string root;
  // Where the digests of unchanged files are kept between processes, so that a one-shot run need
  // not read them again; "" for memory only. Its directory must exist and be writable by us alone.
  std::string hash_cache_file;
};

// This very machine: Linux with systemd and apt (Debian 12 and newer).
std::unique_ptr<Host> MakeLinuxHost(const LinuxHostOptions& options);

}  // namespace fettle::sys
