// SPDX-License-Identifier: Apache-2.0
// What is asked about installed packages.
#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/store/sqlite/history.h"
#include "server/store/sqlite/packages.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/sqlite/rows.h"

namespace fettle::server::sqlite {
namespace {

// Up to so many hosts each is looked at by itself, beyond that all that have the package.
constexpr std::size_t kFewHosts = 100;
constexpr std::size_t kMostChanges = 500'000;
constexpr std::size_t kMostUndone = 4 * kMostPackages;  // Changes after the moment asked for.

struct KnownHost {
  std::string name;
  absl::Time first;
};

// One row, as numbers: which version of which package a host has, and since when.
struct Held {
  int64_t name = 0;
  int64_t host = 0;
  int64_t version = 0;  // 0: not installed.
  absl::Time since;
};

// What both questions need: the numbers of names and hosts that are meant. One connection.
class Selection {
 public:
  explicit Selection(Database& database) : database_(database) {}

  absl::Status Load(const PackageWanted& wanted) {
    all_names_ = wanted.name.empty();
    RETURN_IF_ERROR(LoadNames(wanted.name));
    all_hosts_ = !wanted.hosts.has_value();
    if (all_hosts_) {
      return database_.Query("SELECT id, host, first FROM package_hosts", [&](const Row& row) {
        hosts_[row.Integer(0)] = {row.Text(1), row.Time(2)};
      });
    }
    for (const std::string& host : *wanted.hosts) {
      const std::size_t before = hosts_.size();
      RETURN_IF_ERROR(database_.Query(
          "SELECT id, host, first FROM package_hosts WHERE host = ?",
          [&](const Row& row) {
            hosts_[row.Integer(0)] = {row.Text(1), row.Time(2)};
          },
          host));
      if (hosts_.size() == before) {
        strangers_.push_back(host);
      }
    }
    return absl::OkStatus();
  }

  // Conditions, each for one query over a table that has the columns name and host: by host where
  // they are few, otherwise by name.
  std::vector<std::pair<const char*, int64_t>> Parts() const {
    std::vector<std::pair<const char*, int64_t>> parts;
    const bool by_host = !all_hosts_ && (hosts_.size() <= kFewHosts || all_names_);
    if (by_host) {
      for (const auto& [id, host] : hosts_) {
        parts.emplace_back("host = ?1", id);
      }
    } else if (all_names_) {
      parts.emplace_back("?1 = ?1", 0);
    } else {
      for (const auto& [id, name] : names_) {
        parts.emplace_back("name = ?1", id);
      }
    }
    return parts;
  }

  bool Means(int64_t name, int64_t host) const {
    return hosts_.contains(host) && names_.contains(name);
  }

  const std::string& NameOf(int64_t name) const { return names_.at(name); }

  const std::string& HostOf(int64_t host) const { return hosts_.at(host).name; }

  // Hosts of which nothing is known at `at`.
  std::vector<std::string> NotKnown(absl::Time at) const {
    std::vector<std::string> list = strangers_;
    for (const auto& [id, host] : hosts_) {
      if (host.first > at) {
        list.push_back(host.name);
      }
    }
    std::sort(list.begin(), list.end());
    return list;
  }

  absl::StatusOr<resource::PackageVersion> VersionOf(int64_t version) {
    if (version == 0) {
      return resource::PackageVersion();
    }
    const auto [found, fresh] = versions_.try_emplace(version);
    if (fresh) {
      RETURN_IF_ERROR(database_.Query(
          "SELECT text FROM package_versions WHERE id = ?",
          [&, &read = found->second](const Row& row) { read = ReadVersion(row.Bytes(0)); },
          version));
    }
    return found->second;
  }

 private:
  absl::Status LoadNames(const std::string& name) {
    const bool pattern = name.find_first_of("*?") != std::string::npos;
    return database_.Query(
        fmt::format("SELECT id, text FROM package_names WHERE {}",
                    name.empty() ? "?1 = ?1"
                    : pattern    ? "text GLOB ?1"
                                 : "text = ?1"),
        [&](const Row& row) { names_[row.Integer(0)] = row.Text(1); },
        name);
  }

  Database& database_;
  bool all_names_ = false;
  bool all_hosts_ = false;
  std::map<int64_t, std::string> names_;
  std::map<int64_t, KnownHost> hosts_;
  std::vector<std::string> strangers_;
  std::map<int64_t, resource::PackageVersion> versions_;
};

using HeldPackages = std::map<std::pair<int64_t, int64_t>, Held>;  // By name and host.

absl::Status TooMany() {
  return InvalidArgument("this asks for more than {} packages; name a package, or fewer hosts",
                         kMostPackages);
}

absl::Status HeldNow(Database& database, const Selection& selection, HeldPackages* held) {
  bool full = false;
  for (const auto& [condition, value] : selection.Parts()) {
    RETURN_IF_ERROR(database.Query(
        fmt::format("SELECT name, host, version, since FROM packages WHERE {} LIMIT {}",
                    condition,
                    kMostPackages + 1),
        [&](const Row& row) {
          full = full || held->size() > kMostPackages;
          if (!full && selection.Means(row.Integer(0), row.Integer(1))) {
            (*held)[{row.Integer(0), row.Integer(1)}] = {
                row.Integer(0), row.Integer(1), row.Integer(2), row.Time(3)};
          }
        },
        value));
    if (full || held->size() > kMostPackages) {
      return TooMany();
    }
  }
  return absl::OkStatus();
}

// From what is there now, back over all that happened after `at`.
absl::Status RollBack(Database& database,
                      const Selection& selection,
                      absl::Time at,
                      HeldPackages* held) {
  std::map<std::pair<int64_t, int64_t>, absl::Time> earliest;
  ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "package_changes", at));
  for (const std::string& table : tables) {
    for (const auto& [condition, value] : selection.Parts()) {
      std::size_t rows = 0;
      RETURN_IF_ERROR(database.Query(
          fmt::format(
              "SELECT name, host, was, was_since, time FROM {} WHERE {} AND time > ?2 LIMIT "
              "{}",
              table,
              condition,
              kMostUndone),
          [&](const Row& row) {
            ++rows;
            const std::pair key{row.Integer(0), row.Integer(1)};
            if (!selection.Means(key.first, key.second)) {
              return;
            }
            const auto [found, fresh] = earliest.try_emplace(key, row.Time(4));
            if (fresh || row.Time(4) < found->second) {
              found->second = row.Time(4);
              (*held)[key] = {key.first, key.second, row.Integer(2), row.Time(3)};
            }
          },
          value,
          at));
      if (held->size() > kMostPackages || rows == kMostUndone) {
        return TooMany();
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PackageList> SqliteHistoryStore::Packages(const PackageWanted& wanted,
                                                         absl::Time at) {
  PackageList list;
  const auto read = [&](Database& database) -> absl::Status {
    Selection selection(database);
    RETURN_IF_ERROR(selection.Load(wanted));
    HeldPackages held;
    RETURN_IF_ERROR(HeldNow(database, selection, &held));
    if (at != absl::InfiniteFuture()) {
      RETURN_IF_ERROR(RollBack(database, selection, at, &held));
    }
    for (const auto& [key, one] : held) {
      if (one.version == 0 || one.since > at) {
        continue;
      }
      ASSIGN_OR_RETURN(resource::PackageVersion version, selection.VersionOf(one.version));
      list.packages.push_back(
          {selection.HostOf(one.host), selection.NameOf(one.name), std::move(version), one.since});
    }
    list.not_known = selection.NotKnown(at);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(reader_.With(read));
  std::sort(list.packages.begin(),
            list.packages.end(),
            [](const InstalledPackage& a, const InstalledPackage& b) {
              return std::tie(a.name, a.host) < std::tie(b.name, b.host);
            });
  return list;
}

absl::StatusOr<std::vector<PackageChange>> SqliteHistoryStore::PackageChanges(
    const PackageWanted& wanted, const Window& window) {
  std::vector<PackageChange> changes;
  const auto time = [](const PackageChange& one) { return one.time; };
  const auto read = [&](Database& database) -> absl::Status {
    Selection selection(database);
    RETURN_IF_ERROR(selection.Load(wanted));
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "package_changes", window.since));
    for (const std::string& table : tables) {
      const std::string causes = "package_causes" + table.substr(table.rfind('_'));
      for (const auto& [condition, value] : selection.Parts()) {
        absl::Status status;
        RETURN_IF_ERROR(database.Query(
            fmt::format(
                "SELECT name, host, was, became, time, run, coalesce((SELECT text FROM {} c "
                "WHERE c.id = cause), '') FROM {} WHERE {} AND time >= ?2 AND time <= ?3 "
                "ORDER BY time DESC LIMIT {}",
                causes,
                table,
                condition,
                kMostChanges),
            [&](const Row& row) {
              if (!status.ok() || !selection.Means(row.Integer(0), row.Integer(1))) {
                return;
              }
              PackageChange change;
              change.name = selection.NameOf(row.Integer(0));
              change.host = selection.HostOf(row.Integer(1));
              change.time = row.Time(4);
              change.run = row.Text(5);
              change.transaction = row.Text(6);
              auto from = selection.VersionOf(row.Integer(2));
              auto to = selection.VersionOf(row.Integer(3));
              status.Update(from.status());
              status.Update(to.status());
              change.from = std::move(from).value_or(resource::PackageVersion());
              change.to = std::move(to).value_or(resource::PackageVersion());
              changes.push_back(std::move(change));
              KeepFew(&changes, window.most, time);
            },
            value,
            window.since,
            window.until));
        RETURN_IF_ERROR(status);
      }
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(reader_.With(read));
  NewestFirst(&changes, window.most, time);
  return changes;
}

}  // namespace fettle::server::sqlite
