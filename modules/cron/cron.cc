// SPDX-License-Identifier: Apache-2.0
#include "modules/cron/cron.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/sys/host.h"
#include "modules/cron/cron_job.h"
#include "modules/cron/crontab.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;

constexpr const char* kSpool = "/var/spool/cron/crontabs";
constexpr uint64_t kMostBytes = 1 << 20;
constexpr uint32_t kJobFileMode = 0644;  // cron passes over files that others may write.
constexpr uint32_t kCrontabMode = 0600;

CronJob Read(const Attributes& attributes) {
  CronJob job;
  job.special = attributes.String("special", "");
  for (std::size_t i = 0; i < kCronFields.size(); ++i) {
    job.fields[i] = attributes.String(kCronFields[i], "*");
  }
  const std::string command = attributes.String("command", "");
  job.command = attributes.Bool("raw", false) ? command : EscapePercent(command);
  job.disabled = attributes.Bool("disabled", false);
  if (!attributes.Bool("crontab", false)) {
    job.user = attributes.String("user", "root");
  }
  if (const Value* const environment = attributes.Find("environment")) {
    for (const auto& [name, value] : environment->AsMap()) {
      job.environment[name] = value.AsString();
    }
  }
  return job;
}

Value MapOf(const std::map<std::string, std::string>& texts) {
  Value::Map map;
  for (const auto& [name, text] : texts) {
    map.emplace(name, text);
  }
  return map;
}

std::vector<Difference> Compare(const CronJob& current, const CronJob& wanted) {
  std::vector<Difference> differences;
  const auto compare = [&](std::string_view attribute, Value is, Value should) {
    if (!(is == should)) {
      differences.push_back({std::string(attribute), std::move(is), std::move(should)});
    }
  };
  const auto special = [](const CronJob& job) {
    return job.special.empty() ? Value::Absent() : Value(job.special);
  };
  compare("special", special(current), special(wanted));
  for (std::size_t i = 0; i < kCronFields.size(); ++i) {
    compare(kCronFields[i], current.fields[i], wanted.fields[i]);
  }
  compare("user", current.user, wanted.user);
  compare("command", current.command, wanted.command);
  compare("environment", MapOf(current.environment), MapOf(wanted.environment));
  compare("disabled", current.disabled, wanted.disabled);
  return differences;
}

// What is off of a job that stands there as `text` and is to stand there as `wanted_text`.
std::vector<Difference> CompareTexts(const std::string& text,
                                     const std::optional<CronJob>& parsed,
                                     const std::string& wanted_text,
                                     const CronJob& wanted) {
  if (text == wanted_text) {
    return {};
  }
  std::vector<Difference> differences;
  if (parsed.has_value()) {
    differences = Compare(*parsed, wanted);
  }
  if (differences.empty()) {
    // Comments, further lines, or nothing that can be read: shown as a whole.
    differences.push_back({"command", text, wanted_text});
  }
  return differences;
}

absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path,
                                                       const sys::FileReader& files) {
  absl::StatusOr<std::string> text = files.Read(path, kMostBytes);
  if (text.ok()) {
    return std::optional<std::string>(*std::move(text));
  }
  if (absl::IsNotFound(text.status())) {
    return std::nullopt;
  }
  return text.status();
}

class CronResource final : public resource::Resource, public resource::Describable {
 public:
  CronResource(std::string_view name, const Attributes& attributes)
      : name_(name),
        user_(attributes.String("user", "root")),
        job_(Read(attributes)),
        file_(JobFilePath(name)),
        crontab_(fmt::format("{}/{}", kSpool, user_)),
        in_crontab_(attributes.Bool("crontab", false)),
        absent_(attributes.Bool("absent", false)) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  // The differences of what stands in a place; nullopt when nothing of that name does.
  using Finding = absl::StatusOr<std::optional<std::vector<Difference>>>;

  Finding InspectFile(const sys::FileReader& files) const;
  Finding InspectCrontab(const sys::FileReader& files) const;
  absl::Status WriteFile(sys::Host& host) const;
  absl::Status WriteCrontab(sys::Host& host) const;
  absl::Status ReplaceCrontab(const std::string& path,
                              const std::string& text,
                              sys::Host& host) const;
  absl::Status RemoveFromCrontab(const std::string& path, sys::Host& host) const;
  absl::StatusOr<std::vector<std::string>> StaleCrontabs(const sys::FileReader& files) const;

  std::string name_;
  std::string user_;
  CronJob job_;
  std::string file_;
  std::string crontab_;
  bool in_crontab_;
  bool absent_;
};

CronResource::Finding CronResource::InspectFile(const sys::FileReader& files) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadIfThere(file_, files));
  if (!text.has_value()) {
    return std::nullopt;
  }
  std::vector<Difference> differences =
      CompareTexts(*text, ParseJobFile(*text), FormatJobFile(name_, job_), job_);
  ASSIGN_OR_RETURN(const sys::FileStat stat, files.Stat(file_));
  if (stat.mode != kJobFileMode || stat.uid != 0 || stat.gid != 0) {
    differences.push_back(
        {"present",
         fmt::format(
             "mode {:04o}, owner {}:{}: cron may pass over it", stat.mode, stat.uid, stat.gid),
         true});
  }
  return differences;
}

CronResource::Finding CronResource::InspectCrontab(const sys::FileReader& files) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadIfThere(crontab_, files));
  bool twice = false;
  const std::optional<std::string> line =
      text.has_value() ? FindEntry(*text, name_, &twice) : std::nullopt;
  if (!line.has_value()) {
    return std::nullopt;
  }
  const std::string wanted = FormatJobLine(job_);
  std::vector<Difference> differences =
      CompareTexts(*line, ParseJobLine(*line, /*with_user=*/false), wanted, job_);
  if (differences.empty() && twice) {
    differences.push_back({"command", "more than one entry of this name", wanted});
  }
  return differences;
}

// The crontabs of other users in which a job of this name stands: whose it was before. A name is
// one resource, whoever runs it.
absl::StatusOr<std::vector<std::string>> CronResource::StaleCrontabs(
    const sys::FileReader& files) const {
  std::vector<std::string> stale;
  const absl::StatusOr<std::vector<std::string>> users = files.List(kSpool);
  if (absl::IsNotFound(users.status())) {
    return stale;
  }
  RETURN_IF_ERROR(users.status());
  for (const std::string& user : *users) {
    const std::string path = fmt::format("{}/{}", kSpool, user);
    if (path == crontab_) {
      continue;
    }
    const absl::StatusOr<std::string> text = files.Read(path, kMostBytes);
    bool twice = false;
    // What is no file, or too large, is none of ours.
    if (text.ok() && FindEntry(*text, name_, &twice).has_value()) {
      stale.push_back(path);
    }
  }
  return stale;
}

absl::StatusOr<std::vector<Difference>> CronResource::Inspect(const sys::HostReader& host,
                                                              Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the job"));
  ASSIGN_OR_RETURN(auto in_file, InspectFile(host.files()));
  ASSIGN_OR_RETURN(auto in_crontab, InspectCrontab(host.files()));
  auto& here = in_crontab_ ? in_crontab : in_file;
  const bool elsewhere = (in_crontab_ ? in_file : in_crontab).has_value();
  ASSIGN_OR_RETURN(const std::vector<std::string> stale, StaleCrontabs(host.files()));
  std::vector<Difference> differences;
  if (absent_) {
    if (here.has_value() || elsewhere || !stale.empty()) {
      differences.push_back({"present", true, false});
    }
    return differences;
  }
  if (here.has_value()) {
    differences = *std::move(here);
  } else if (!elsewhere) {
    differences.push_back({"present", false, true});
  }
  if (elsewhere) {
    differences.push_back({"crontab", !in_crontab_, in_crontab_});
  }
  for (const std::string& path : stale) {
    differences.push_back({"user", path.substr(path.rfind('/') + 1), user_});
  }
  return differences;
}

absl::Status CronResource::WriteFile(sys::Host& host) const {
  sys::ReplaceOptions options;
  options.mode = kJobFileMode;
  const absl::StatusOr<sys::FileStat> there = host.files().Stat(file_);
  if (there.ok()) {
    options.expected = *there;
  } else if (!absl::IsNotFound(there.status())) {
    return there.status();
  }
  const absl::Status status =
      host.write_files().Replace(file_, FormatJobFile(name_, job_), options);
  return absl::IsNotFound(status) ? Annotate(status, "is the package cron installed?") : status;
}

absl::Status CronResource::ReplaceCrontab(const std::string& path,
                                          const std::string& text,
                                          sys::Host& host) const {
  sys::ReplaceOptions options;
  options.mode = kCrontabMode;
  const absl::StatusOr<sys::FileStat> there = host.files().Stat(path);
  if (there.ok()) {
    options.expected = *there;
    options.uid = there->uid;
    options.gid = there->gid;
  } else if (absl::IsNotFound(there.status())) {
    const absl::StatusOr<sys::User> user = host.accounts().FindUser(user_);
    const absl::StatusOr<sys::Group> group = host.accounts().FindGroup("crontab");
    RETURN_IF_ERROR(user.status());
    options.uid = user->uid;
    options.gid = group.ok() ? group->gid : 0;
  } else {
    return there.status();
  }
  const absl::Status status = host.write_files().Replace(path, text, options);
  return absl::IsNotFound(status) ? Annotate(status, "is the package cron installed?") : status;
}

absl::Status CronResource::WriteCrontab(sys::Host& host) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadIfThere(crontab_, host.files()));
  return ReplaceCrontab(crontab_, WithEntry(text.value_or(""), name_, FormatJobLine(job_)), host);
}

absl::Status CronResource::RemoveFromCrontab(const std::string& path, sys::Host& host) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadIfThere(path, host.files()));
  bool twice = false;
  if (!text.has_value() || !FindEntry(*text, name_, &twice).has_value()) {
    return absl::OkStatus();
  }
  return ReplaceCrontab(path, WithoutEntry(*text, name_), host);
}

absl::Status CronResource::Apply(std::span<const Difference> /*drift*/,
                                 sys::Host& host,
                                 Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("changing the job"));
  if (!absent_ && user_ != "root") {
    RETURN_IF_ERROR(Annotate(host.accounts().FindUser(user_).status(),
                             fmt::format("cron would pass over a job of {}", user_)));
  }
  // The new place first: a job run twice is a lesser evil than one not run at all.
  if (!absent_) {
    RETURN_IF_ERROR(in_crontab_ ? WriteCrontab(host) : WriteFile(host));
  }
  if (absent_ || in_crontab_) {
    RETURN_IF_ERROR(host.write_files().Remove(file_));
  }
  if (absent_ || !in_crontab_) {
    RETURN_IF_ERROR(RemoveFromCrontab(crontab_, host));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> stale, StaleCrontabs(host.files()));
  for (const std::string& path : stale) {
    RETURN_IF_ERROR(RemoveFromCrontab(path, host));
  }
  return absl::OkStatus();
}

absl::StatusOr<Attributes> CronResource::Describe(const sys::HostReader& host,
                                                  Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the job"));
  ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadIfThere(file_, host.files()));
  const std::optional<CronJob> job = text.has_value() ? ParseJobFile(*text) : std::nullopt;
  if (!job.has_value()) {
    return NotFound("{} is not there, or holds no job that Fettle wrote", file_);
  }
  Attributes attributes;
  if (job->special.empty()) {
    for (std::size_t i = 0; i < kCronFields.size(); ++i) {
      attributes.Set(kCronFields[i], job->fields[i]);
    }
  } else {
    attributes.Set("special", job->special);
  }
  attributes.Set("user", job->user);
  attributes.Set("command", UnescapePercent(job->command));
  attributes.Set("environment", MapOf(job->environment));
  attributes.Set("disabled", job->disabled);
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<CronResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& CronType() {
  static const resource::ResourceType kType{.schema = &CronSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
