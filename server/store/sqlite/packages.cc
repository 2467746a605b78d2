// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/packages.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "lib/base/status_macros.h"

namespace fettle::server::sqlite {
namespace {

using resource::PackageEntry;
using resource::PackageReport;
using resource::PackageSet;
using resource::PackageVersion;

// The number of a text in a table of texts; it is put there if it is new.
absl::StatusOr<int64_t> NumberOf(Database& database,
                                 const std::string& table,
                                 const std::string& text) {
  int64_t number = 0;
  const auto find = [&] {
    return database.Query(
        fmt::format("SELECT id FROM {} WHERE text = ?", table),
        [&](const Row& row) { number = row.Integer(0); },
        text);
  };
  RETURN_IF_ERROR(find());
  if (number == 0) {
    RETURN_IF_ERROR(database.Run(fmt::format("INSERT INTO {}(text) VALUES(?)", table), text));
    RETURN_IF_ERROR(find());
  }
  return number;
}

struct Present {
  int64_t name = 0;
  int64_t version = 0;
  absl::Time since;
  PackageVersion package;
};

using PresentPackages = std::map<std::string, Present>;

struct KnownHost {
  int64_t id = 0;  // 0: nothing is known of it yet.
  absl::Time newest = absl::InfinitePast();
};

absl::StatusOr<KnownHost> FindKnown(Database& database, const std::string& host) {
  KnownHost known;
  RETURN_IF_ERROR(database.Query(
      "SELECT id, newest FROM package_hosts WHERE host = ?",
      [&](const Row& row) {
        known = {row.Integer(0), row.Time(1)};
      },
      host));
  return known;
}

absl::StatusOr<PresentPackages> LoadPresent(Database& database, int64_t host) {
  PresentPackages present;
  RETURN_IF_ERROR(database.Query(
      "SELECT n.text, p.name, p.version, p.since, v.text FROM packages p JOIN package_names n ON "
      "n.id = p.name JOIN package_versions v ON v.id = p.version WHERE p.host = ?",
      [&](const Row& row) {
        present[row.Text(0)] = {
            row.Integer(1), row.Integer(2), row.Time(3), ReadVersion(row.Bytes(4))};
      },
      host));
  return present;
}

// One report being stored.
class Change {
 public:
  Change(Database& database, const PackageReport& report, int64_t host, absl::Time at)
      : database_(database), report_(report), host_(host), at_(at) {}

  absl::Status Begin(Partitions& partitions, bool first) {
    first_ = first;
    ASSIGN_OR_RETURN(month_, partitions.Ensure(database_, at_));
    ASSIGN_OR_RETURN(present_, LoadPresent(database_, host_));
    return absl::OkStatus();
  }

  absl::Status Apply() {
    std::set<std::string_view> named;
    for (const PackageEntry& entry : report_.entries) {
      named.insert(entry.name);
      RETURN_IF_ERROR(ApplyEntry(entry));
    }
    if (!report_.whole) {
      return absl::OkStatus();
    }
    std::vector<std::string> gone;
    for (const auto& [name, present] : present_) {
      if (!named.contains(name)) {
        gone.push_back(name);
      }
    }
    for (std::string& name : gone) {
      RETURN_IF_ERROR(ApplyEntry({std::move(name), {}, 0}));
    }
    return absl::OkStatus();
  }

  Digest digest() const {
    PackageSet packages;
    for (const auto& [name, present] : present_) {
      packages.emplace(name, present.package);
    }
    return resource::PackageDigest(packages);
  }

  bool changed() const { return changed_; }

 private:
  absl::Status ApplyEntry(const PackageEntry& entry) {
    const auto found = present_.find(entry.name);
    const bool there = found != present_.end();
    if (there ? found->second.package == entry.version : entry.version.version.empty()) {
      return absl::OkStatus();
    }
    changed_ = true;
    Present next;
    next.since = at_;
    next.package = entry.version;
    if (there) {
      next.name = found->second.name;
    } else {
      ASSIGN_OR_RETURN(next.name, NumberOf(database_, "package_names", entry.name));
    }
    if (!entry.version.version.empty()) {
      ASSIGN_OR_RETURN(
          next.version,
          NumberOf(database_,
                   "package_versions",
                   fmt::format("{} {}", entry.version.version, entry.version.architecture)));
    }
    if (!first_) {
      RETURN_IF_ERROR(Note(entry, there ? found->second : Present(), next));
    }
    if (next.version == 0) {
      present_.erase(found);
      return database_.Run("DELETE FROM packages WHERE name = ? AND host = ?", next.name, host_);
    }
    RETURN_IF_ERROR(database_.Run(
        "INSERT OR REPLACE INTO packages VALUES(?, ?, ?, ?)", next.name, host_, next.version, at_));
    present_.insert_or_assign(entry.name, next);
    return absl::OkStatus();
  }

  absl::Status Note(const PackageEntry& entry, const Present& before, const Present& next) {
    int64_t cause = 0;
    if (entry.transaction > 0 && entry.transaction <= report_.transactions.size()) {
      ASSIGN_OR_RETURN(
          cause,
          NumberOf(
              database_, "package_causes_" + month_, report_.transactions[entry.transaction - 1]));
    }
    return database_.Run(
        fmt::format("INSERT OR REPLACE INTO package_changes_{} VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                    month_),
        next.name,
        host_,
        at_,
        before.version,
        before.version == 0 ? absl::InfinitePast() : before.since,
        next.version,
        report_.run,
        cause);
  }

  Database& database_;
  const PackageReport& report_;
  const int64_t host_;
  const absl::Time at_;
  bool first_ = false;
  bool changed_ = false;
  std::string month_;
  PresentPackages present_;
};

}  // namespace

resource::PackageVersion ReadVersion(std::string_view text) {
  const std::size_t space = text.find(' ');
  return {std::string(text.substr(0, space)),
          space == std::string_view::npos ? "" : std::string(text.substr(space + 1))};
}

absl::Status StorePackages(Database& database,
                           Partitions& partitions,
                           const std::string& host,
                           const PackageReport& report,
                           absl::Time now) {
  ASSIGN_OR_RETURN(KnownHost known, FindKnown(database, host));
  const bool first = known.id == 0;
  if (first && !report.whole) {
    return absl::OkStatus();  // Of what? The next heartbeat says that the whole list is wanted.
  }
  absl::Time at = std::min(report.changed, now);
  if (first) {
    RETURN_IF_ERROR(
        database.Run("INSERT INTO package_hosts(host, first, newest, digest) VALUES(?, ?, ?, x'')",
                     host,
                     at,
                     at));
    ASSIGN_OR_RETURN(known, FindKnown(database, host));
  } else if (at <= known.newest) {
    at = known.newest + absl::Microseconds(1);
  }
  Change change(database, report, known.id, at);
  RETURN_IF_ERROR(change.Begin(partitions, first));
  RETURN_IF_ERROR(change.Apply());
  return database.Run("UPDATE package_hosts SET newest = ?, digest = ? WHERE id = ?",
                      change.changed() ? at : known.newest,
                      change.digest(),
                      known.id);
}

}  // namespace fettle::server::sqlite
