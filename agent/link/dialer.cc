// SPDX-License-Identifier: Apache-2.0
#include "agent/link/dialer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "lib/base/deadline.h"

namespace fettle::link {

Dialer::Dialer() : ended_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Dialer::Start(const std::string& address,
                   const pki::TlsIdentity& identity,
                   absl::Duration patience) {
  thread_ = std::make_unique<BackgroundThread>([this, address, identity, patience] {
    auto result = pki::TlsConnection::Dial(address, identity, Deadline::After(patience));
    {
      const absl::MutexLock lock(&mutex_);
      result_.emplace(std::move(result));
    }
    const uint64_t one = 1;
    static_cast<void>(::write(ended_.get(), &one, sizeof(one)));
  });
}

std::optional<absl::StatusOr<pki::TlsConnection>> Dialer::Take() {
  std::optional<absl::StatusOr<pki::TlsConnection>> taken;
  {
    const absl::MutexLock lock(&mutex_);
    if (!result_.has_value()) {
      return std::nullopt;
    }
    taken.emplace(*std::move(result_));
    result_.reset();
  }
  thread_.reset();  // By its end it has written.
  uint64_t count = 0;
  static_cast<void>(::read(ended_.get(), &count, sizeof(count)));
  return taken;
}

}  // namespace fettle::link
