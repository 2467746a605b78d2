// SPDX-License-Identifier: Apache-2.0
// How many reports a second the SQLite store takes, acknowledged after commit.
// bench_ingest [HOSTS] [RESOURCES] [SECONDS]: every host has RESOURCES known states; then one batch
// of each host after the other is kept under way, as when a fleet sweeps.
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <fmt/format.h>

#include "lib/base/clock.h"
#include "server/store/sqlite/store.h"

namespace fettle::server {
namespace {

struct Load {
  uint64_t hosts = 100;
  uint64_t resources = 500;
  int64_t seconds = 5;
};

std::string HostName(uint64_t index) {
  return fmt::format("host{}", index);
}

resource::RunReport QuietRun(uint64_t sequence) {
  resource::RunReport run;
  run.id = fmt::format("run-{}", sequence);
  run.revision = "r1";
  run.reason = "sweep";
  run.started = absl::Now();
  return run;
}

resource::RunReport CorrectedRun(uint64_t sequence) {
  resource::RunReport run = QuietRun(sequence);
  resource::ResourceReport report;
  report.id = "file:/etc/app/7";
  report.state = resource::State::kChanged;
  report.cause = resource::Cause::kDrift;
  report.differences = {{"content", "theirs", "ours", "ours", "", resource::Cause::kDrift}};
  run.resources.push_back(std::move(report));
  return run;
}

resource::RunReport FailingRun(uint64_t sequence) {
  resource::RunReport run = QuietRun(sequence);
  if (sequence % 2 == 0) {  // Fails, and is put right by the next.
    run.resources.push_back(CorrectedRun(sequence).resources.front());
    run.resources.back().state = resource::State::kFailed;
  }
  return run;
}

// Keeps one batch of each host under way and counts what is acknowledged.
class Pump {
 public:
  Pump(ReportStore& store, const Load& load) : store_(store), load_(load), next_(load.hosts, 2) {}

  bool Seed() {
    Snapshot snapshot;
    snapshot.catalog = Sha256("catalog");
    snapshot.revision = "r1";
    snapshot.taken = absl::Now();
    for (uint64_t i = 0; i < load_.resources; ++i) {
      snapshot.entries.emplace_back().id = fmt::format("file:/etc/app/{}", i);
      snapshot.entries.back().state = resource::State::kOk;
    }
    for (uint64_t host = 0; host < load_.hosts; ++host) {
      Send(host, {1, snapshot.taken, snapshot}, nullptr);
    }
    return Drain();
  }

  // Acknowledged records a second.
  double Measure(resource::RunReport (*make)(uint64_t)) {
    acknowledged_ = 0;
    const absl::Time begin = absl::Now();
    stop_ = begin + absl::Seconds(load_.seconds);
    for (uint64_t host = 0; host < load_.hosts; ++host) {
      Again(host, make);
    }
    if (!Drain()) {
      return 0;
    }
    return static_cast<double>(acknowledged_) / absl::ToDoubleSeconds(absl::Now() - begin);
  }

 private:
  using Maker = resource::RunReport (*)(uint64_t);

  // As large as a batch with one run is on the wire.
  const SignedReports reports_ = {std::string(400, 'r'),
                                  Sha256(std::string(400, 'r')),
                                  0,
                                  std::string(32, 'k'),
                                  std::string(64, 's')};

  void Again(uint64_t host, Maker make) {
    const uint64_t sequence = next_[host]++;
    Send(host, {sequence, absl::Now(), make(sequence)}, make);
  }

  void Send(uint64_t host, server::Ingest record, Maker then) {
    {
      const absl::MutexLock lock(&mutex_);
      ++pending_;
    }
    store_.Ingest(HostName(host),
                  "epoch",
                  {std::move(record)},
                  reports_,
                  [=, this](absl::StatusOr<uint64_t> stored) {
                    if (stored.ok() && then != nullptr) {
                      ++acknowledged_;
                      if (absl::Now() < stop_) {
                        Again(host, then);
                      }
                    }
                    const absl::MutexLock lock(&mutex_);
                    failed_ = failed_ || !stored.ok();
                    --pending_;
                  });
  }

  // Waits for all answers; false when one was an error.
  bool Drain() {
    const auto drained = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return pending_ == 0; };
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&drained));
    return !failed_;
  }

  ReportStore& store_;
  const Load load_;
  std::vector<uint64_t> next_;  // Sequence, by host; each host's callback chain alone uses its own.
  std::atomic<uint64_t> acknowledged_ = 0;
  absl::Time stop_;
  absl::Mutex mutex_;
  uint64_t pending_ ABSL_GUARDED_BY(mutex_) = 0;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

absl::Status MakeHosts(FleetStore& fleet, uint64_t hosts) {
  for (uint64_t i = 0; i < hosts; ++i) {
    TokenRecord token;
    token.id = HostName(i);
    token.secret = Sha256(token.id);
    token.expires = absl::InfiniteFuture();
    absl::Status status = fleet.AddToken(token);
    if (!status.ok()) {
      return status;
    }
    HostRecord host;
    host.name = HostName(i);
    const auto issue = [&](const TokenRecord&, const std::string& name) {
      CertificateRecord certificate;
      certificate.serial = name;
      certificate.name = name;
      certificate.expires = absl::InfiniteFuture();
      return absl::StatusOr<CertificateRecord>(certificate);
    };
    status = fleet.Enroll(token.secret, Subject::kHost, host, issue, absl::Now()).status();
    if (!status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

int Run(const Load& load, const std::filesystem::path& folder) {
  const SystemClock clock;
  auto store = sqlite::OpenStore((folder / "fettle.db").string(), clock);
  if (!store.ok()) {
    fmt::print(stderr, "{}\n", store.status().ToString());
    return EXIT_FAILURE;
  }
  Pump pump((*store)->reports(), load);
  if (const absl::Status made = MakeHosts((*store)->fleet(), load.hosts);
      !made.ok() || !pump.Seed()) {
    fmt::print(stderr, "cannot make the hosts: {}\n", made.ToString());
    return EXIT_FAILURE;
  }
  fmt::print("{} hosts with {} resources each, reports a second:\n", load.hosts, load.resources);
  fmt::print("  quiet runs           {:8.0f}\n", pump.Measure(QuietRun));
  fmt::print("  one drift corrected  {:8.0f}\n", pump.Measure(CorrectedRun));
  fmt::print("  one fails, is mended {:8.0f}\n", pump.Measure(FailingRun));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace fettle::server

int main(int argc, char** argv) {
  fettle::server::Load load;
  load.hosts = argc > 1 ? strtoull(argv[1], nullptr, 10) : load.hosts;
  load.resources = argc > 2 ? strtoull(argv[2], nullptr, 10) : load.resources;
  load.seconds = argc > 3 ? strtoll(argv[3], nullptr, 10) : load.seconds;
  std::string pattern = (std::filesystem::temp_directory_path() / "fettle-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    fmt::print(stderr, "cannot make {}\n", pattern);
    return EXIT_FAILURE;
  }
  const int code = fettle::server::Run(load, pattern);
  std::filesystem::remove_all(pattern);
  return code;
}
