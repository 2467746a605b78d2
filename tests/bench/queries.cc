// SPDX-License-Identifier: Apache-2.0
// How long the questions of people take in a large store.
// bench_queries [HOSTS] [RESOURCES] [ROWS] [FOLDER]: a store with HOSTS hosts of RESOURCES
// resources each and ROWS ended spans over a year (and a tenth as many drifts and runs) is written
// into FOLDER, unless one is there; then each question is asked some hundred times.
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "fettle/v1/report.pb.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"
#include "server/compliance/assessor.h"
#include "server/fleet/host_view.h"
#include "server/store/sqlite/database.h"
#include "server/store/sqlite/host_spans.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/sqlite/store.h"

namespace fettle::server {
namespace {

using resource::State;

constexpr int kMonths = 12;
constexpr int64_t kPackages = 500;        // Of each host.
constexpr int64_t kVersions = 24;         // Of each package, in the year.
constexpr uint64_t kPackageChanges = 20;  // Of each host, a month.
constexpr absl::Duration kMonth = absl::Hours(24 * 30);
constexpr absl::Duration kHeartbeat = absl::Minutes(1);

struct Load {
  uint64_t hosts = 1000;
  uint64_t resources = 100;
  uint64_t rows = 1'000'000;
  std::filesystem::path folder;
};

std::string HostName(uint64_t index) {
  return fmt::format("host{:05}", index);
}

std::string ResourceName(uint64_t index) {
  return fmt::format("file:/etc/app/conf.d/{:04}.conf", index);
}

std::string PackageName(int64_t number) {
  return fmt::format("libpackage{:04}", number);
}

// As large as that of one changed line of a file.
std::string RecordOf(const std::string& id, State state) {
  resource::ResourceReport report;
  report.id = id;
  report.state = state;
  report.cause = resource::Cause::kDrift;
  report.position = "recipes/app/init.lua:17";
  report.differences = {{"content", "theirs", "ours", "ours", "-a\n+b\n", resource::Cause::kDrift}};
  return wire::ToProto(report).SerializeAsString();
}

// Writes the store as the server would have left it.
class Writer {
 public:
  Writer(sqlite::Database& database, const Load& load, absl::Time now)
      : database_(database), load_(load), now_(now) {}

  absl::Status Run() {
    RETURN_IF_ERROR(database_.Execute(
        "PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000; PRAGMA temp_store=MEMORY"));
    RETURN_IF_ERROR(database_.Transaction([&] { return WriteHosts(); }));
    RETURN_IF_ERROR(database_.Transaction([&] { return WritePackages(); }));
    for (int month = 0; month < kMonths; ++month) {
      fmt::print(stderr, "\rwriting month {} of {} ", month + 1, kMonths);
      RETURN_IF_ERROR(database_.Transaction([&] { return WriteMonth(month); }));
    }
    fmt::print(stderr, "\n");
    return database_.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }

 private:
  absl::Status WriteHosts() {
    const std::string facts =
        R"({"arch":"amd64","os":{"id":"debian","version":"12"},"memory_mb":4096})";
    const Digest catalog = Sha256("catalog");
    for (uint64_t r = 0; r < load_.resources; ++r) {
      RETURN_IF_ERROR(
          database_.Run("INSERT INTO entries VALUES(?, ?, 'recipes/app/init.lua:17', ?)",
                        catalog,
                        ResourceName(r),
                        std::string(r % 10 == 0 ? "CIS-5.2.8" : "")));
    }
    for (uint64_t i = 0; i < load_.hosts; ++i) {
      const std::string host = HostName(i);
      RETURN_IF_ERROR(database_.Run(
          "INSERT INTO hosts VALUES(?, 'production', 'm', '0.1.0', '10.0.0.1', 'debian 12', ?, ?, "
          "x'', '', ?, x'', ?, 0, 0, 0, 0, 0, 0, ?, '', 0, '', 0, 0)",
          host,
          now_ - kMonths * kMonth,
          now_,
          catalog,
          static_cast<int64_t>(load_.resources),
          now_));
      RETURN_IF_ERROR(database_.Run("INSERT INTO labels VALUES(?, 'role', ?)",
                                    host,
                                    std::string(i % 10 == 0 ? "db" : "web")));
      RETURN_IF_ERROR(sqlite::StoreFacts(database_, host, facts, now_ - kMonths * kMonth));
      for (uint64_t r = 0; r < load_.resources; ++r) {
        RETURN_IF_ERROR(database_.Run("INSERT INTO states VALUES(?, ?, 0, ?, x'', 'run', 'r1')",
                                      host,
                                      ResourceName(r),
                                      now_ - absl::Seconds(std::uniform_real_distribution<>(
                                                 0, absl::ToDoubleSeconds(kMonth))(random_))));
      }
    }
    return absl::OkStatus();
  }

  // Those of now. Every host has every package; the number of a host is its index and one.
  absl::Status WritePackages() {
    const absl::Time first = now_ - kMonths * kMonth;
    for (int64_t version = 1; version <= kVersions; ++version) {
      RETURN_IF_ERROR(database_.Run("INSERT INTO package_versions VALUES(?, ?)",
                                    version,
                                    fmt::format("3.0.{}-1~deb12u2 amd64", version)));
    }
    for (uint64_t i = 0; i < load_.hosts; ++i) {
      RETURN_IF_ERROR(database_.Run("INSERT INTO package_hosts VALUES(?, ?, ?, ?, x'01')",
                                    static_cast<int64_t>(i + 1),
                                    HostName(i),
                                    first,
                                    now_));
    }
    for (int64_t name = 1; name <= kPackages; ++name) {
      RETURN_IF_ERROR(
          database_.Run("INSERT INTO package_names VALUES(?, ?)", name, PackageName(name)));
      for (uint64_t i = 0; i < load_.hosts; ++i) {
        RETURN_IF_ERROR(database_.Run("INSERT INTO packages VALUES(?, ?, ?, ?)",
                                      name,
                                      static_cast<int64_t>(i + 1),
                                      static_cast<int64_t>(1 + random_() % kVersions),
                                      first));
      }
    }
    return absl::OkStatus();
  }

  absl::Status WritePackageChanges(absl::Time begin) {
    for (uint64_t i = 0; i < load_.hosts * kPackageChanges; ++i) {
      const absl::Time time = begin + kMonth * std::uniform_real_distribution<>(0, 1)(random_);
      ASSIGN_OR_RETURN(const std::string suffix, partitions_.Ensure(database_, time));
      RETURN_IF_ERROR(database_.Run(
          fmt::format("INSERT OR IGNORE INTO package_changes_{} VALUES(?, ?, ?, ?, ?, ?, '', 0)",
                      suffix),
          static_cast<int64_t>(1 + random_() % kPackages),
          static_cast<int64_t>(1 + random_() % load_.hosts),
          time,
          static_cast<int64_t>(1 + random_() % kVersions),
          now_ - kMonths * kMonth,
          static_cast<int64_t>(1 + random_() % kVersions)));
    }
    return absl::OkStatus();
  }

  absl::Status WriteMonth(int month) {
    RETURN_IF_ERROR(WritePackageChanges(now_ - (kMonths - month) * kMonth));
    const absl::Time begin = now_ - (kMonths - month) * kMonth;
    const uint64_t rows = load_.rows / kMonths;
    for (uint64_t i = 0; i < rows; ++i) {
      const absl::Time until =
          begin + kMonth * (static_cast<double>(i) / static_cast<double>(rows));
      const absl::Time since =
          until - absl::Seconds(std::exponential_distribution<>(1.0 / 36'000)(random_));
      const std::string host = HostName(random_() % load_.hosts);
      const std::string id = ResourceName(random_() % load_.resources);
      const bool drifted = i % 10 == 0;
      const State state = drifted ? State::kDrifted : State::kOk;
      const std::string record = drifted ? RecordOf(id, state) : "";
      ASSIGN_OR_RETURN(const std::string suffix, partitions_.Ensure(database_, until));
      RETURN_IF_ERROR(database_.Run(
          fmt::format("INSERT INTO history_{} VALUES(?, ?, ?, ?, ?, ?, 'run-1', 'r1')", suffix),
          host,
          id,
          static_cast<int64_t>(state),
          since,
          until,
          record));
      if (drifted) {
        RETURN_IF_ERROR(WriteDriftAndRun(suffix, host, id, since, until, record, i));
      }
    }
    return absl::OkStatus();
  }

  absl::Status WriteDriftAndRun(const std::string& suffix,
                                const std::string& host,
                                const std::string& id,
                                absl::Time since,
                                absl::Time until,
                                const std::string& record,
                                uint64_t number) {
    RETURN_IF_ERROR(database_.Run(
        fmt::format("INSERT INTO drift_{} VALUES(?, ?, 1, ?, ?, ?, ?, 'run-1', 'r1')", suffix),
        host,
        id,
        since,
        since,
        until,
        record));
    resource::RunReport run;
    run.id = fmt::format("run-{}-{}", suffix, number);
    run.host = host;
    run.revision = "r1";
    run.reason = "drift";
    run.started = until;
    return database_.Run(fmt::format("INSERT OR IGNORE INTO runs_{} VALUES(?, ?, ?, ?)", suffix),
                         host,
                         run.id,
                         until,
                         wire::ToProto(run).SerializeAsString());
  }

  sqlite::Database& database_;
  const Load& load_;
  const absl::Time now_;
  sqlite::Partitions partitions_;
  std::mt19937_64 random_{7};
};

class Questions {
 public:
  Questions(Store& store, const Load& load, absl::Time now)
      : store_(store), load_(load), now_(now) {}

  void Run() {
    HistoryStore& history = store_.history();
    fmt::print("{:<44} {:>9} {:>9} {:>9}\n", "question (milliseconds)", "p50", "p99", "most");
    Ask("hosts", 20, [&] { return FindHosts(store_, "", now_, kHeartbeat).status(); });
    Ask("hosts labels.role == db", 20, [&] {
      return FindHosts(store_, "labels.role == db", now_, kHeartbeat).status();
    });
    Ask("hosts os.id == debian (facts of each)", 5, [&] {
      return FindHosts(store_, "os.id == debian", now_, kHeartbeat).status();
    });
    Ask("host NAME", 500, [&] {
      const std::string host = SomeHost();
      RETURN_IF_ERROR(store_.fleet().GetHost(host).status());
      RETURN_IF_ERROR(store_.reports().FactsOf(host).status());
      return store_.reports().StatesOf(host).status();
    });
    Ask("host NAME --at", 200, [&] {
      const std::string host = SomeHost();
      const absl::Time at = SomeTime();
      RETURN_IF_ERROR(history.FactsAt(host, at).status());
      return history.StatesAt(host, at).status();
    });
    Ask("hosts --at 1h", 10, [&] { return HostsAt(now_ - absl::Hours(1)); });
    Ask("hosts --at 1d", 10, [&] { return HostsAt(now_ - absl::Hours(24)); });
    Ask("hosts --at any time of the year", 10, [&] { return HostsAt(SomeTime()); });
    Ask("drift (open)", 200, [&] {
      return history.Drift({absl::InfiniteFuture(), absl::InfiniteFuture(), 201}).status();
    });
    Ask("drift --since 1d", 100, [&] {
      return history.Drift({now_ - absl::Hours(24), absl::InfiniteFuture(), 201}).status();
    });
    Ask("drift --since .. --until, a day of the year", 100, [&] {
      const absl::Time at = SomeTime();
      return history.Drift({at, at + absl::Hours(24), 201}).status();
    });
    // As DriftRequest does with a filter: it reads what it needs to find 200.
    Ask("drift HOST --since 30d (100,000 looked at)", 5, [&] {
      return Visit([host = SomeHost()](const std::string& one) { return one == host; }, 1);
    });
    Ask("drift FILTER --since 30d, one in ten fits", 5, [&] {
      return Visit([](const std::string&) { return true; }, 10);
    });
    Ask("drift FILTER --since 30d, none fits (100,000 read)", 2, [&] {
      return Visit([](const std::string&) { return true; }, 1'000'000);
    });
    Ask("drift counted for 30d (1,000,000 looked at)", 5, [&] {
      return history.DriftTimes({now_ - kMonth, Far(), 1'000'000}).status();
    });
    Ask("runs", 100, [&] { return history.Runs("", {Long(), Far(), 201}).status(); });
    Ask("runs NAME", 200, [&] { return history.Runs(SomeHost(), {Long(), Far(), 201}).status(); });
    Ask("history NAME", 200, [&] {
      return history.Spans(SomeHost(), "", {Long(), Far(), 201}).status();
    });
    Ask("history NAME RESOURCE", 200, [&] {
      return history.Spans(SomeHost(), SomeResource(), {Long(), Far(), 201}).status();
    });
    Ask("history --since 1h", 100, [&] {
      return history.Changes({now_ - absl::Hours(1), Far(), 201}).status();
    });
    Ask("history --since 30d", 10, [&] {
      return history.Changes({now_ - kMonth, Far(), 201}).status();
    });
    Ask("history, an hour of the year", 20, [&] {
      const absl::Time at = SomeTime();
      return history.Changes({at, at + absl::Hours(1), 201}).status();
    });
    Ask("compliance (states of all controls)", 5, [&] {
      return store_.reports().ControlStates().status();
    });
    // Their clock is the machine's; the store's youngest moment is now_.
    const SystemClock clock;
    Assessor assessor(store_, clock, kHeartbeat);
    Ask("compliance (whole assessment)", 5, [&] { return assessor.Assess({}).status(); });
    Ask("compliance --at any time of the year", 5, [&] {
      AssessmentScope scope;
      scope.at = SomeTime();
      return assessor.Assess(scope).status();
    });
    Ask("packages NAME", 50, [&] { return Packages({std::nullopt, SomePackage()}, Far()); });
    Ask("packages NAME --at any time of the year", 50, [&] {
      return Packages({std::nullopt, SomePackage()}, SomeTime());
    });
    Ask("packages PATTERN (10 names)", 10, [&] {
      return Packages({std::nullopt, "libpackage003?"}, Far());
    });
    Ask("packages --where HOST", 200, [&] { return Packages({{{SomeHost()}}, ""}, Far()); });
    Ask("packages --where HOST --at", 200, [&] {
      return Packages({{{SomeHost()}}, ""}, SomeTime());
    });
    Ask("packages NAME --since 30d", 50, [&] {
      return history.PackageChanges({std::nullopt, SomePackage()}, {now_ - kMonth, Far(), 201})
          .status();
    });
    Ask("packages --where HOST --since 30d", 100, [&] {
      return history.PackageChanges({{{SomeHost()}}, ""}, {now_ - kMonth, Far(), 201}).status();
    });
    Ask("packages --since 1d", 20, [&] {
      return history.PackageChanges({}, {now_ - absl::Hours(24), Far(), 201}).status();
    });
    Ask("audit log", 100, [&] { return store_.evidence().List({}).status(); });
  }

  bool failed() const { return failed_; }

 private:
  static absl::Time Long() { return absl::InfinitePast(); }

  static absl::Time Far() { return absl::InfiniteFuture(); }

  // The drift of a month until 200 fit, of which one in `each` does.
  absl::Status Visit(const std::function<bool(const std::string&)>& host, std::size_t each) {
    std::size_t seen = 0;
    return store_.history()
        .VisitDrift({now_ - kMonth, Far(), 100'000},
                    host,
                    [&](const DriftEntry&) { return ++seen < 200 * each; })
        .status();
  }

  absl::Status HostsAt(absl::Time at) {
    return FindHosts(store_, "", now_, kHeartbeat, at).status();
  }

  absl::Status Packages(const PackageWanted& wanted, absl::Time at) {
    ASSIGN_OR_RETURN(const PackageList list, store_.history().Packages(wanted, at));
    return list.packages.empty() ? NotFound("no package") : absl::OkStatus();
  }

  std::string SomePackage() { return PackageName(static_cast<int64_t>(1 + random_() % kPackages)); }

  std::string SomeHost() { return HostName(random_() % load_.hosts); }

  std::string SomeResource() { return ResourceName(random_() % load_.resources); }

  absl::Time SomeTime() {
    return now_ - kMonth * std::uniform_real_distribution<>(0.1, kMonths - 0.1)(random_);
  }

  void Ask(const char* name, int times, const std::function<absl::Status()>& question) {
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
      const absl::Time begin = absl::Now();
      const absl::Status status = question();
      took.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
      if (!status.ok()) {
        fmt::print("{:<44} {}\n", name, status.ToString());
        failed_ = true;
        return;
      }
    }
    std::sort(took.begin(), took.end());
    fmt::print("{:<44} {:>9.2f} {:>9.2f} {:>9.2f}\n",
               name,
               took[took.size() / 2],
               took[std::min(took.size() - 1, took.size() * 99 / 100)],
               took.back());
    std::fflush(stdout);
  }

  Store& store_;
  const Load& load_;
  const absl::Time now_;
  std::mt19937_64 random_{11};
  bool failed_ = false;
};

absl::Status Run(const Load& load) {
  const SystemClock clock;
  const std::string path = (load.folder / "fettle.db").string();
  const bool there = std::filesystem::exists(path);
  RETURN_IF_ERROR(sqlite::OpenStore(path, clock).status());  // Makes the tables.
  // A whole day, so that a store that is there is asked of the times that it was written for.
  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(clock.Now()) / 86'400 * 86'400);
  if (!there) {
    ASSIGN_OR_RETURN(const auto database, sqlite::Database::Open(path));
    RETURN_IF_ERROR(Writer(*database, load, now).Run());
  }
  const absl::Time begin = absl::Now();
  ASSIGN_OR_RETURN(const auto store, sqlite::OpenStore(path, clock));
  const auto bytes = static_cast<double>(std::filesystem::file_size(path));
  fmt::print(
      "{} hosts, {} resources, {} spans, {} drifts and runs; {:.1f} GB: {:.0f} bytes a host "
      "and day, {:.0f} a span; opened in {:.1f} s\n",
      load.hosts,
      load.hosts * load.resources,
      load.rows,
      load.rows / 10,
      bytes / 1e9,
      bytes / static_cast<double>(load.hosts) / (kMonths * 30),
      bytes / static_cast<double>(load.rows),
      absl::ToDoubleSeconds(absl::Now() - begin));
  Questions questions(*store, load, now);
  questions.Run();
  return questions.failed() ? absl::InternalError("a question failed") : absl::OkStatus();
}

}  // namespace
}  // namespace fettle::server

int main(int argc, char** argv) {
  fettle::server::Load load;
  load.hosts = argc > 1 ? strtoull(argv[1], nullptr, 10) : load.hosts;
  load.resources = argc > 2 ? strtoull(argv[2], nullptr, 10) : load.resources;
  load.rows = argc > 3 ? strtoull(argv[3], nullptr, 10) : load.rows;
  std::string pattern = (std::filesystem::temp_directory_path() / "fettle-bench-XXXXXX").string();
  const bool own = argc <= 4;
  if (own && mkdtemp(pattern.data()) == nullptr) {
    fmt::print(stderr, "cannot make {}\n", pattern);
    return EXIT_FAILURE;
  }
  load.folder = own ? pattern : argv[4];
  const absl::Status status = fettle::server::Run(load);
  if (own) {
    std::filesystem::remove_all(load.folder);
  }
  if (!status.ok()) {
    fmt::print(stderr, "{}\n", status.ToString());
  }
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
