// SPDX-License-Identifier: Apache-2.0
#include "server/api/web_sessions.h"

#include <algorithm>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/pki/base64.h"

namespace fettle::server {
namespace {

constexpr std::size_t kSecretBytes = 32;

}  // namespace

void WebSessions::MakeRoom(const std::string& who, Table* table) const {
  const absl::Time now = clock_.Now();
  std::erase_if(*table, [&](const auto& entry) { return entry.second.expires <= now; });
  while (true) {
    std::size_t count = 0;
    auto oldest = table->end();
    for (auto it = table->begin(); it != table->end(); ++it) {
      if (it->second.peer.Who() != who) {
        continue;
      }
      ++count;
      if (oldest == table->end() || it->second.expires < oldest->second.expires) {
        oldest = it;
      }
    }
    if (count < kMostOfOne) {
      return;
    }
    table->erase(oldest);
  }
}

WebSessions::Ticket WebSessions::Offer(const Peer& peer, absl::Duration valid) {
  Ticket ticket;
  ticket.token = pki::Base64UrlEncode(RandomBytes(kSecretBytes));
  ticket.expires = clock_.Now() + valid;
  const absl::MutexLock lock(&mutex_);
  MakeRoom(peer.Who(), &tokens_);
  tokens_[Sha256(ticket.token)] = {peer, ticket.expires};
  return ticket;
}

absl::StatusOr<WebSessions::Opened> WebSessions::Open(std::string_view token) {
  const absl::Time now = clock_.Now();
  const absl::MutexLock lock(&mutex_);
  const auto found = tokens_.find(Sha256(token));
  if (found == tokens_.end() || found->second.expires <= now) {
    return absl::UnauthenticatedError(
        "this token is not good (any more): it is good once and for a few minutes; run `fettle "
        "console` for a new one");
  }
  Opened opened;
  opened.session.peer = found->second.peer;
  opened.session.expires = std::min(now + kSession, opened.session.peer.expires);
  tokens_.erase(found);
  opened.cookie = pki::Base64UrlEncode(RandomBytes(kSecretBytes));
  MakeRoom(opened.session.peer.Who(), &sessions_);
  sessions_[Sha256(opened.cookie)] = opened.session;
  return opened;
}

std::optional<WebSessions::Session> WebSessions::Find(std::string_view cookie) {
  const absl::MutexLock lock(&mutex_);
  const auto found = sessions_.find(Sha256(cookie));
  if (found == sessions_.end()) {
    return std::nullopt;
  }
  if (found->second.expires <= clock_.Now()) {
    sessions_.erase(found);
    return std::nullopt;
  }
  return found->second;
}

void WebSessions::Close(std::string_view cookie) {
  const absl::MutexLock lock(&mutex_);
  sessions_.erase(Sha256(cookie));
}

std::size_t WebSessions::Count() {
  const absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expires <= now; });
  return sessions_.size();
}

}  // namespace fettle::server
