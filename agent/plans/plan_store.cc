// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/plan_store.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "absl/time/clock.h"

#include "agent/journal/disk.h"
#include "lib/base/status_macros.h"

namespace fettle::plans {
namespace {

constexpr std::size_t kIdLength = 64;
constexpr std::size_t kShortestPrefix = 4;

struct Entry {
  std::string id;
  absl::Time made;
  uint64_t bytes = 0;
};

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

// Newest first.
std::vector<Entry> Entries(const std::string& folder) {
  std::vector<Entry> entries;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
  // One thread reads this stream. NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* found = dir == nullptr ? nullptr : readdir(dir.get())) {
    const std::string name = found->d_name;

    struct stat info {};

    if (name.size() == kIdLength && IsHex(name) &&
        stat(fmt::format("{}/{}", folder, name).c_str(), &info) == 0) {
      entries.push_back(
          {name, absl::TimeFromTimespec(info.st_mtim), static_cast<uint64_t>(info.st_size)});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(b.made, a.id) < std::tie(a.made, b.id);
  });
  return entries;
}

absl::StatusOr<StoredPlan> Read(const std::string& folder, const Entry& entry) {
  const std::string path = fmt::format("{}/{}", folder, entry.id);
  ASSIGN_OR_RETURN(const std::string bytes, journal::ReadWhole(path));
  absl::StatusOr<StoredPlan> plan = DecodePlan(bytes);
  if (!plan.ok() || plan->id != entry.id) {
    return absl::DataLossError(fmt::format("{}: is damaged or was changed; plan again", path));
  }
  plan->made = entry.made;
  return plan;
}

}  // namespace

absl::StatusOr<std::string> PlanStore::Save(const StoredPlan& plan) {
  const std::string bytes = EncodePlan(plan);
  if (bytes.size() > retention_.bytes) {
    return FailedPrecondition(
        "the plan is too large to be kept: {} bytes of at most {}", bytes.size(), retention_.bytes);
  }
  const std::string id = Sha256(bytes).Hex();
  RETURN_IF_ERROR(journal::MakePrivateDirectory(folder_));
  RETURN_IF_ERROR(journal::ReplaceWhole(fmt::format("{}/{}", folder_, id), bytes));
  Trim(id);
  return id;
}

absl::StatusOr<StoredPlan> PlanStore::Load(const std::string& id) const {
  if (id.size() < kShortestPrefix || id.size() > kIdLength || !IsHex(id)) {
    return InvalidArgument("\"{}\" is no id of a plan; `fettle plans` lists them", id);
  }
  std::vector<Entry> entries = Entries(folder_);
  std::erase_if(entries, [&id](const Entry& entry) { return !entry.id.starts_with(id); });
  if (entries.empty()) {
    return NotFound("there is no plan {} (any more); `fettle plans` lists them", id);
  }
  if (entries.size() > 1) {
    return InvalidArgument("{} plans begin with {}; say more of the id", entries.size(), id);
  }
  return Read(folder_, entries.front());
}

std::vector<StoredPlan> PlanStore::List(std::vector<std::string>* damaged) const {
  std::vector<StoredPlan> plans;
  for (const Entry& entry : Entries(folder_)) {
    absl::StatusOr<StoredPlan> plan = Read(folder_, entry);
    if (plan.ok()) {
      plans.push_back(*std::move(plan));
    } else if (damaged != nullptr) {
      damaged->emplace_back(Message(plan.status()));
    }
  }
  return plans;
}

void PlanStore::Trim(const std::string& keep) const {
  const absl::Time oldest = absl::Now() - retention_.age;
  std::size_t count = 0;
  uint64_t bytes = 0;
  for (const Entry& entry : Entries(folder_)) {
    ++count;
    bytes += entry.bytes;
    const bool over = count > retention_.count || bytes > retention_.bytes || entry.made < oldest;
    if (over && entry.id != keep) {
      (void)unlink(fmt::format("{}/{}", folder_, entry.id).c_str());
    }
  }
}

}  // namespace fettle::plans
