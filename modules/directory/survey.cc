// SPDX-License-Identifier: Apache-2.0
#include "modules/directory/survey.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace fettle::modules {
namespace {

using sys::FileKind;

class Walk {
 public:
  Walk(const std::string& root,
       const KeepList& keep,
       const SurveyOptions& options,
       const sys::FileReader& files)
      : root_(root), keep_(keep), options_(options), files_(files) {}

  absl::StatusOr<Survey> Run(Deadline deadline) {
    ASSIGN_OR_RETURN(const sys::FileStat root, files_.Stat(root_));
    device_ = root.device;
    todo_.push_back({root_, "", root});
    while (!todo_.empty()) {
      const Entry directory = std::move(todo_.back());
      todo_.pop_back();
      RETURN_IF_ERROR(Annotate(deadline.Check("looking below the directory"), root_));
      RETURN_IF_ERROR(Enter(directory));
    }
    return std::move(survey_);
  }

 private:
  absl::Status Enter(const Entry& directory) {
    absl::StatusOr<std::vector<std::string>> names = files_.List(directory.path);
    if (absl::IsNotFound(names.status())) {
      return absl::OkStatus();  // Somebody removed it meanwhile.
    }
    RETURN_IF_ERROR(names.status());
    seen_ += names->size();
    if (seen_ > options_.max_entries) {
      return FailedPrecondition(
          "{}: more than {} entries below it, which recurse and purge were not to touch at once; "
          "say max_entries if they are meant",
          root_,
          options_.max_entries);
    }
    for (const std::string& name : *names) {
      RETURN_IF_ERROR(Visit(directory, name));
    }
    return absl::OkStatus();
  }

  absl::Status Visit(const Entry& directory, const std::string& name) {
    Entry entry;
    entry.path = fmt::format("{}/{}", directory.path == "/" ? "" : directory.path, name);
    entry.relative =
        directory.relative.empty() ? name : fmt::format("{}/{}", directory.relative, name);
    const absl::StatusOr<sys::FileStat> stat = files_.Stat(entry.path);
    if (absl::IsNotFound(stat.status())) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(stat.status());
    entry.stat = *stat;
    ASSIGN_OR_RETURN(const bool mount, IsMount(entry));
    if (mount) {
      return absl::OkStatus();
    }
    Sort(std::move(entry));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> IsMount(const Entry& entry) const {
    if (entry.stat.device != device_) {
      return true;
    }
    // A bind mount of the same file system.
    return entry.stat.kind == FileKind::kDirectory ? files_.IsMountPoint(entry.path)
                                                   : absl::StatusOr<bool>(false);
  }

  // Decides what `entry` is: foreign, managed, to be entered.
  void Sort(Entry entry) {
    const bool is_directory = entry.stat.kind == FileKind::kDirectory;
    const bool leads = is_directory && keep_.LeadsToKept(entry.relative);
    if (options_.purge && !leads && !keep_.Keeps(entry.relative)) {
      survey_.foreign.push_back(std::move(entry));
      return;
    }
    // Without recurse only what lies between the directory and something kept is entered.
    const bool between = options_.purge && leads && !keep_.Keeps(entry.relative);
    if (is_directory && (options_.recurse || between)) {
      todo_.push_back(entry);
    }
    const bool may_own = is_directory || entry.stat.kind == FileKind::kRegular;
    if (options_.recurse && may_own && !keep_.Keeps(entry.relative)) {
      survey_.managed.push_back(std::move(entry));
    }
  }

  const std::string& root_;
  const KeepList& keep_;
  const SurveyOptions& options_;
  const sys::FileReader& files_;
  uint64_t device_ = 0;
  uint64_t seen_ = 0;
  std::vector<Entry> todo_;
  Survey survey_;
};

}  // namespace

absl::StatusOr<Survey> SurveyBelow(const std::string& root,
                                   const KeepList& keep,
                                   const SurveyOptions& options,
                                   const sys::FileReader& files,
                                   Deadline deadline) {
  return Walk(root, keep, options, files).Run(deadline);
}

}  // namespace fettle::modules
