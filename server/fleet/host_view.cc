// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/host_view.h"

#include <map>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/filter/filter.h"
#include "server/fleet/host_fields.h"

namespace fettle::server {
namespace {

constexpr int kMissedHeartbeats = 3;

std::string NameOf(const ChannelRecord& channel) {
  return channel.revision_number == 0 ? "" : fmt::format("r{}", channel.revision_number);
}

// "" and `*problem` when they cannot be read.
std::string FactsOf(Store& store, const std::string& host, absl::Time at, absl::Status* problem) {
  absl::StatusOr<std::string> facts = store.history().FactsAt(host, at);
  if (!facts.ok()) {
    *problem = facts.status();
    return "";
  }
  return *std::move(facts);
}

// Makes the hosts what they were at a moment, as far as that is kept.
absl::Status RollBack(Store& store, absl::Time at, std::vector<HostRecord>* records) {
  ASSIGN_OR_RETURN(auto then, store.history().HostsAt(at));
  std::erase_if(*records, [&](const HostRecord& record) { return record.enrolled > at; });
  for (HostRecord& record : *records) {
    const HostThen& was = then[record.name];
    record.counts = was.counts;
    record.open_drift = was.open_drift;
    record.revision = was.revision;
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view PresenceName(Presence presence) {
  switch (presence) {
    case Presence::kNeverSeen:
      return "never";
    case Presence::kConnected:
      return "connected";
    case Presence::kSilent:
      return "silent";
    case Presence::kRevoked:
      return "revoked";
  }
  return "unknown";
}

Presence PresenceOf(const HostRecord& host, absl::Time now, absl::Duration heartbeat) {
  if (host.revoked) {
    return Presence::kRevoked;
  }
  if (host.last_seen == absl::InfinitePast()) {
    return Presence::kNeverSeen;
  }
  return now - host.last_seen <= kMissedHeartbeats * heartbeat ? Presence::kConnected
                                                               : Presence::kSilent;
}

std::string RefusalOf(const HostView& host) {
  const std::string prefix = host.assigned + ": ";
  const bool current = !host.assigned.empty() && host.record.refusal.starts_with(prefix) &&
                       host.record.revision != host.assigned;
  return current ? host.record.refusal.substr(prefix.size()) : "";
}

absl::StatusOr<std::vector<HostView>> FindHosts(Store& store,
                                                std::string_view filter,
                                                absl::Time now,
                                                absl::Duration heartbeat,
                                                absl::Time at) {
  ASSIGN_OR_RETURN(const filter::Filter wanted, filter::Filter::Parse(filter, HostLanguage(), now));
  ASSIGN_OR_RETURN(const auto channels, store.policy().ListChannels());
  std::map<std::string, std::string> assigned;
  for (const ChannelRecord& channel : channels) {
    assigned[channel.name] = NameOf(channel);
  }
  ASSIGN_OR_RETURN(std::vector<HostRecord> records, store.fleet().ListHosts());
  if (at != absl::InfiniteFuture()) {
    RETURN_IF_ERROR(RollBack(store, at, &records));
  }
  std::vector<HostView> hosts;
  absl::Status problem;
  for (HostRecord& record : records) {
    const auto found = assigned.find(record.channel);
    HostView host;
    host.presence = PresenceOf(record, now, heartbeat);
    host.assigned = found == assigned.end() ? "" : found->second;
    host.record = std::move(record);
    const HostFields fields(host, [&] { return FactsOf(store, host.record.name, at, &problem); });
    if (wanted.Matches(fields)) {
      hosts.push_back(std::move(host));
    }
    RETURN_IF_ERROR(problem);
  }
  return hosts;
}

absl::StatusOr<HostView> FindHost(Store& store,
                                  const std::string& name,
                                  absl::Time now,
                                  absl::Duration heartbeat) {
  HostView host;
  ASSIGN_OR_RETURN(host.record, store.fleet().GetHost(name));
  host.presence = PresenceOf(host.record, now, heartbeat);
  const auto channel = store.policy().GetChannel(host.record.channel);
  if (!channel.ok() && !absl::IsNotFound(channel.status())) {
    return channel.status();
  }
  host.assigned = channel.ok() ? NameOf(*channel) : "";
  return host;
}

}  // namespace fettle::server
