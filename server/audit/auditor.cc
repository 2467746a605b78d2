// SPDX-License-Identifier: Apache-2.0
#include "server/audit/auditor.h"

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"

namespace fettle::server {
namespace {

constexpr uint32_t kDeniedPerMinute = 60;
constexpr std::size_t kMaxDetail = 1000;

// Text of strangers as it may stand in a log: one line, bounded.
std::string Plain(std::string_view text) {
  std::string plain(text.substr(0, kMaxDetail));
  for (char& c : plain) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      c = ' ';
    }
  }
  return plain;
}

}  // namespace

void Auditor::Store(std::string_view who, std::string_view act, std::string_view detail) {
  const absl::Status stored =
      store_.Audit({clock_.Now(), Plain(who), std::string(act), Plain(detail)});
  if (!stored.ok()) {
    spdlog::error("audit entry \"{} {} {}\" is not stored: {}",
                  Plain(who),
                  act,
                  Plain(detail),
                  Message(stored));
  }
}

AuditEntry Auditor::Entry(std::string_view who,
                          std::string_view act,
                          std::string_view detail,
                          std::string_view host) const {
  return {clock_.Now(), Plain(who), std::string(act), Plain(detail), std::string(host)};
}

void Auditor::Told(const AuditEntry& entry) {
  spdlog::info("{}: {}: {}", entry.who, entry.act, entry.detail);
}

absl::Status Auditor::Record(const AuditEntry& entry) {
  return store_.Audit(entry);
}

void Auditor::Act(std::string_view who, std::string_view act, std::string_view detail) {
  spdlog::info("{}: {}: {}", Plain(who), act, Plain(detail));
  Store(who, act, detail);
}

void Auditor::Denied(std::string_view who, std::string_view detail) {
  uint64_t dropped = 0;
  {
    const absl::MutexLock lock(&mutex_);
    const absl::Duration now = clock_.Monotonic();
    if (now - minute_ >= absl::Minutes(1)) {
      minute_ = now;
      kept_ = 0;
    }
    if (kept_ >= kDeniedPerMinute) {
      ++dropped_;
      return;
    }
    ++kept_;
    dropped = dropped_;
    dropped_ = 0;
  }
  spdlog::warn("{}: denied: {}", Plain(who), Plain(detail));
  Store(who,
        "denied",
        dropped == 0 ? std::string(detail)
                     : fmt::format("{} (and {} more that are not listed)", detail, dropped));
}

}  // namespace fettle::server
