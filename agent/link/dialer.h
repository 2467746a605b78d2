// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/base/background_thread.h"
#include "lib/pki/tls_connection.h"
#include "lib/sys/unique_fd.h"

namespace fettle::link {

// Dials without making its owner wait: names are looked up and hands are shaken on a thread that
// lives as long as that takes. One dial at a time.
class Dialer {
 public:
  // How long a dial may take: while a whole fleet reconnects a handshake takes long, and giving up
  // early makes that worse.
  static constexpr absl::Duration kPatience = absl::Minutes(1);

  Dialer();
  // Waits for a dial that is under way.
  ~Dialer() = default;

  void Start(const std::string& address,
             const pki::TlsIdentity& identity,
             absl::Duration patience = kPatience);

  bool busy() const { return thread_ != nullptr; }

  // Becomes readable when a dial has ended.
  int fd() const { return ended_.get(); }

  // What came of it; nullopt while it is under way.
  std::optional<absl::StatusOr<pki::TlsConnection>> Take();

 private:
  sys::UniqueFd ended_;  // An eventfd.
  absl::Mutex mutex_;
  std::optional<absl::StatusOr<pki::TlsConnection>> result_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<BackgroundThread> thread_;
};

}  // namespace fettle::link
