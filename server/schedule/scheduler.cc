// SPDX-License-Identifier: Apache-2.0
#include "server/schedule/scheduler.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"
#include "server/notify/backoff.h"
#include "server/schedule/times.h"

namespace fettle::server::schedule {
namespace {

using nlohmann::json;

constexpr absl::Duration kLookEvery = absl::Seconds(5);
constexpr absl::Duration kFirstWait = absl::Seconds(5);
constexpr int kVersion = 1;

// By name: the newest moment for which the report was sent.
absl::StatusOr<std::map<std::string, absl::Time>> Decode(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("sent") || !value["sent"].is_object()) {
    return absl::DataLossError("it is not what a server wrote");
  }
  std::map<std::string, absl::Time> sent;
  for (const auto& [name, moment] : value["sent"].items()) {
    if (!moment.is_number_integer()) {
      return absl::DataLossError("it is not what a server wrote");
    }
    sent[name] = absl::FromUnixMicros(moment.get<int64_t>());
  }
  return sent;
}

}  // namespace

struct Scheduler::Entry {
  Entry(const ScheduledReport& the_report, std::size_t number, absl::Time was_sent)
      : report(the_report),
        index(number),
        sent(was_sent),
        backoff(kFirstWait, report.most_wait, notify::RandomShare) {}

  const ScheduledReport report;
  const std::size_t index;                  // In figures_.
  absl::Time sent;                          // The newest moment for which it was.
  absl::Time tried = absl::InfinitePast();  // The moment that is being tried.
  absl::Duration retry_at = -absl::InfiniteDuration();
  notify::Backoff backoff;
};

Scheduler::Scheduler(Writer& writer, const Clock& clock, Carriers carriers, Options options)
    : writer_(writer), clock_(clock), carriers_(carriers), options_(std::move(options)) {}

Scheduler::~Scheduler() {
  Stop();
}

void Scheduler::Prepare() {
  if (options_.reports.empty()) {
    return;
  }
  std::map<std::string, absl::Time> sent;
  const auto text = options_.load();
  auto known =
      text.ok() ? Decode(*text) : absl::StatusOr<std::map<std::string, absl::Time>>(text.status());
  if (known.ok()) {
    sent = *std::move(known);
  } else if (!absl::IsNotFound(known.status())) {
    spdlog::error("which reports were sent cannot be read: {}; each is next sent when it is due",
                  Message(known.status()));
  }
  const absl::MutexLock lock(&mutex_);
  for (const ScheduledReport& report : options_.reports) {
    const auto found = sent.find(report.name);
    const absl::Time last = LastDue(report.times, clock_.Now());
    entries_.push_back(std::make_unique<Entry>(
        report, entries_.size(), found == sent.end() ? last : std::min(found->second, last)));
    figures_.push_back({report.name});
  }
  Save();
}

void Scheduler::Start() {
  if (entries_.empty()) {
    return;
  }
  thread_ = std::make_unique<BackgroundThread>([this] {
    do {
      SendDue();
    } while (!Pause(kLookEvery));
  });
}

void Scheduler::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  cancelled_ = true;
  thread_.reset();
}

bool Scheduler::Pause(absl::Duration wait) {
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&stopping_), wait);
}

void Scheduler::SendDue() {
  for (const auto& entry : entries_) {
    const absl::Time due = LastDue(entry->report.times, clock_.Now());
    if (due <= entry->sent || cancelled_) {
      continue;
    }
    if (due != entry->tried) {
      if (entry->tried > entry->sent) {
        spdlog::error("report {}: the one of {} was never taken; now the next is due",
                      entry->report.name,
                      Rfc3339(entry->tried));
        const absl::MutexLock lock(&mutex_);
        ++figures_[entry->index].missed;
      }
      entry->tried = due;
      entry->backoff.Succeeded();
      entry->retry_at = -absl::InfiniteDuration();
    }
    if (clock_.Monotonic() >= entry->retry_at) {
      Send(entry.get(), due);
    }
  }
}

void Scheduler::Send(Entry* entry, absl::Time due) {
  const ScheduledReport& report = entry->report;
  // What came since the one before, also when that is longer ago than usual.
  const auto document = writer_.Write(report, entry->sent, due);
  const absl::Status status =
      document.ok() ? Dispatch(report,
                               *document,
                               options_.server,
                               fmt::format("{}.{}", report.name, absl::ToUnixSeconds(due)),
                               clock_.Now(),
                               carriers_,
                               cancelled_)
                    : document.status();
  if (absl::IsAborted(status)) {
    return;  // Sent by the next server.
  }
  {
    const absl::MutexLock lock(&mutex_);
    ++(status.ok() ? figures_[entry->index].sent : figures_[entry->index].failed);
  }
  if (!status.ok()) {
    const absl::Duration wait = entry->backoff.Failed();
    entry->retry_at = clock_.Monotonic() + wait;
    spdlog::error("report {}: {}; trying again in {}",
                  report.name,
                  Message(status),
                  absl::FormatDuration(absl::Trunc(wait, absl::Seconds(1))));
    return;
  }
  spdlog::info(
      "report {}: the one of {} was taken by {}", report.name, Rfc3339(due), Destination(report));
  entry->sent = due;
  Save();
}

void Scheduler::Save() {
  json sent = json::object();
  for (const auto& entry : entries_) {
    sent[entry->report.name] = absl::ToUnixMicros(entry->sent);
  }
  const json value = {{"version", kVersion}, {"sent", std::move(sent)}};
  if (const absl::Status saved = options_.save(value.dump()); !saved.ok()) {
    spdlog::error("which reports were sent is not kept: {}; after a restart they may come again",
                  Message(saved));
  }
}

std::vector<ReportFigures> Scheduler::Figures() const {
  const absl::MutexLock lock(&mutex_);
  return figures_;
}

}  // namespace fettle::server::schedule
