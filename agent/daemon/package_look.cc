// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/package_look.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "agent/watch/apt_history.h"
#include "agent/watch/interests.h"
#include "agent/watch/who.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"
#include "lib/sys/package_list.h"

namespace fettle::agent {
namespace {

using resource::PackageEntry;
using resource::PackageReport;
using resource::PackageSet;

constexpr std::size_t kHistoryTail = std::size_t{256} << 10;
// For so many packages dpkg's own log is asked, if apt's says nothing.
constexpr int kMostAsked = 20;

// The number, from 1, of a text in the report's transactions; it is put there if it is new.
uint32_t NumberOf(const std::string& text, std::vector<std::string>* transactions) {
  for (std::size_t i = 0; i < transactions->size(); ++i) {
    if ((*transactions)[i] == text) {
      return static_cast<uint32_t>(i + 1);
    }
  }
  transactions->push_back(text);
  return static_cast<uint32_t>(transactions->size());
}

std::string_view BareName(std::string_view name) {
  return name.substr(0, name.find(':'));
}

// "libc6:amd64" of apt's log is "libc6" or "libc6:amd64" here.
bool SamePackage(std::string_view logged, std::string_view name) {
  return logged == name || (name.find(':') == std::string_view::npos && BareName(logged) == name);
}

// The latest transaction of the package, if it made of it what it is now; null: somebody else did.
const watch::AptTransaction* Latest(const std::vector<watch::AptTransaction>& all,
                                    const PackageEntry& entry) {
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    for (const watch::AptTransaction::Step& step : one->steps) {
      if (SamePackage(step.package, entry.name)) {
        return step.version == entry.version.version ? &*one : nullptr;
      }
    }
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<SeenPackages> LoadPackages(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, journal::ReadWhole(path));
  const journal::Frames frames = journal::ReadFrames(bytes);
  SeenPackages seen;
  if (frames.payloads.empty()) {
    return absl::DataLossError(fmt::format("{} is damaged", path));
  }
  ByteReader reader(frames.payloads.front());
  seen.changed = absl::FromUnixMicros(static_cast<int64_t>(reader.Number()));
  const std::size_t count = reader.Count(3);
  for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
    std::string name = reader.Text();
    std::string version = reader.Text();
    seen.packages.insert_or_assign(std::move(name),
                                   resource::PackageVersion{std::move(version), reader.Text()});
  }
  if (reader.failed() || !reader.at_end()) {
    return absl::DataLossError(fmt::format("{} is damaged", path));
  }
  return seen;
}

absl::Status SavePackages(const std::string& path, const SeenPackages& seen) {
  ByteWriter writer;
  writer.Number(static_cast<uint64_t>(absl::ToUnixMicros(seen.changed)));
  writer.Number(seen.packages.size());
  for (const auto& [name, package] : seen.packages) {
    writer.Text(name);
    writer.Text(package.version);
    writer.Text(package.architecture);
  }
  std::string bytes;
  journal::AppendFrame(writer.bytes(), &bytes);
  return journal::WriteUnsynced(path, bytes);
}

absl::StatusOr<PackageSet> PackageLook::Installed() const {
  const auto* const lister = dynamic_cast<const sys::PackageLister*>(&host_.packages());
  if (lister == nullptr) {
    return FailedPrecondition("this host's packages cannot be listed");
  }
  ASSIGN_OR_RETURN(const auto installed, lister->InstalledPackages());
  PackageSet packages;
  for (const auto& [name, state] : installed) {
    packages.emplace(name, resource::PackageVersion{state.version, state.architecture});
  }
  return packages;
}

std::optional<PackageReport> PackageLook::Look(const std::string& run) {
  const absl::StatusOr<sys::FileStat> database = host_.files().Stat(watch::kPackageDatabase);
  if (!database.ok() || database_ == *database) {
    return std::nullopt;
  }
  // What was read of it before this stat may be older than it.
  host_.ForgetSnapshots();
  auto installed = Installed();
  if (!installed.ok()) {
    spdlog::warn("packages are not told: {}; the next run looks again",
                 Message(installed.status()));
    return std::nullopt;
  }
  auto before = LoadPackages(path_);
  const bool first = !before.ok();
  PackageReport report =
      resource::PackageChanges(first ? PackageSet() : before->packages, *installed);
  report.whole = first;
  report.digest = resource::PackageDigest(*installed);
  report.changed = absl::FromUnixNanos(database->modified_ns);
  const bool news = first || !report.entries.empty();
  if (news) {
    const absl::Status saved = SavePackages(path_, {*std::move(installed), report.changed});
    if (!saved.ok()) {
      spdlog::warn("packages are not told: {}; the next run tries again", Message(saved));
      return std::nullopt;
    }
  }
  database_ = *database;
  digest_ = report.digest;
  if (!news) {
    return std::nullopt;
  }
  if (!first) {
    report.run = run;
    AddTransactions(&report);
  }
  return report;
}

void PackageLook::AddTransactions(PackageReport* report) const {
  const std::vector<watch::AptTransaction> transactions =
      watch::ParseAptHistory(processes_.Tail("/var/log/apt/history.log", kHistoryTail));
  const watch::Who who(processes_, 0);
  int asked = 0;
  for (PackageEntry& entry : report->entries) {
    const watch::AptTransaction* const one = Latest(transactions, entry);
    std::string text;
    if (one != nullptr) {
      text = one->command;
    } else if (++asked <= kMostAsked) {
      text = who.ActionOf(BareName(entry.name));
      const std::string& version = entry.version.version;
      const bool of_this = version.empty() ? text.find(" remove ") != std::string::npos ||
                                                 text.find(" purge ") != std::string::npos
                                           : text.ends_with(" " + version);
      text = of_this ? "dpkg: " + text : "";
    }
    if (!text.empty()) {
      entry.transaction = NumberOf(text, &report->transactions);
    }
  }
}

}  // namespace fettle::agent
