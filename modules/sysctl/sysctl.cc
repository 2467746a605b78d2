// SPDX-License-Identifier: Apache-2.0
#include "modules/sysctl/sysctl.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/host.h"
#include "modules/sysctl/settings.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;

constexpr uint64_t kMostBytes = 1 << 20;

// Where systemd-sysctl looks, strongest first: a name found in one hides the same name in those
// after. All files are then read in order of name, and the last word on a key counts.
constexpr std::array<const char*, 5> kFolders = {"/etc/sysctl.d",
                                                 "/run/sysctl.d",
                                                 "/usr/local/lib/sysctl.d",
                                                 "/usr/lib/sysctl.d",
                                                 "/lib/sysctl.d"};

// A setting of the same key in a file that is read after ours.
struct Override {
  std::string path;
  std::string value;
};

class SysctlResource final : public resource::Resource, public resource::Describable {
 public:
  SysctlResource(std::string_view key, const Attributes& attributes)
      : key_(key),
        value_(CanonicalSysctlValue(attributes.String("value", ""))),
        path_(SettingFile(key)),
        absent_(attributes.Bool("absent", false)),
        runtime_(attributes.Bool("runtime", true)),
        persist_(attributes.Bool("persist", true)),
        ignore_missing_(attributes.Bool("ignore_missing", false)) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  absl::StatusOr<std::optional<Difference>> InspectLive(const sys::KernelReader& kernel) const;
  absl::StatusOr<std::optional<Difference>> InspectKept(const sys::FileReader& files) const;
  // What our own file keeps; nullopt without a file. "" for a file that does not set the key.
  absl::StatusOr<std::optional<std::string>> Kept(const sys::FileReader& files) const;
  absl::StatusOr<std::optional<Override>> FindOverride(const sys::FileReader& files) const;
  absl::Status Keep(sys::Host& host) const;
  absl::Status SetLive(sys::Host& host) const;

  std::string key_;
  std::string value_;
  std::string path_;
  bool absent_;
  bool runtime_;
  bool persist_;
  bool ignore_missing_;
};

absl::StatusOr<std::optional<std::string>> SysctlResource::Kept(
    const sys::FileReader& files) const {
  const absl::StatusOr<std::string> text = files.Read(path_, kMostBytes);
  if (text.ok()) {
    return SettingIn(*text, key_).value_or("");
  }
  if (absl::IsNotFound(text.status())) {
    return std::nullopt;
  }
  return text.status();
}

// The names in kFolders that are read after ours, each with the folder that counts for it.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> LaterFiles(
    std::string_view own_name, const sys::FileReader& files) {
  std::set<std::pair<std::string, std::string>> later;
  std::set<std::string> seen;
  for (const char* const folder : kFolders) {
    const absl::StatusOr<std::vector<std::string>> names = files.List(folder);
    if (absl::IsNotFound(names.status())) {
      continue;
    }
    RETURN_IF_ERROR(names.status());
    for (const std::string& name : *names) {
      if (name.ends_with(".conf") && name > own_name && seen.insert(name).second) {
        later.emplace(name, fmt::format("{}/{}", folder, name));
      }
    }
  }
  return std::vector<std::pair<std::string, std::string>>(later.begin(), later.end());
}

absl::StatusOr<std::optional<Override>> SysctlResource::FindOverride(
    const sys::FileReader& files) const {
  const std::string own_name = path_.substr(path_.rfind('/') + 1);
  ASSIGN_OR_RETURN(const auto later, LaterFiles(own_name, files));
  std::optional<Override> last;
  for (const auto& [name, path] : later) {
    const absl::StatusOr<std::string> text = files.Read(path, kMostBytes);
    // A dangling link, or one to /dev/null as masks are made: nothing is read there.
    if (absl::IsNotFound(text.status()) || absl::IsFailedPrecondition(text.status())) {
      continue;
    }
    RETURN_IF_ERROR(text.status());
    if (std::optional<std::string> value = SettingIn(*text, key_); value.has_value()) {
      last = Override{path, *std::move(value)};
    }
  }
  if (last.has_value() && last->value == value_) {
    return std::nullopt;
  }
  return last;
}

absl::StatusOr<std::optional<Difference>> SysctlResource::InspectLive(
    const sys::KernelReader& kernel) const {
  const absl::StatusOr<std::string> live = kernel.Sysctl(key_);
  if (absl::IsNotFound(live.status())) {
    // Its module may be loaded by an earlier resource of the same run.
    return ignore_missing_ ? std::nullopt
                           : std::optional<Difference>({"value", Value::Absent(), value_});
  }
  RETURN_IF_ERROR(live.status());
  const std::string current = CanonicalSysctlValue(*live);
  if (current == value_) {
    return std::nullopt;
  }
  return Difference{"value", current, value_};
}

absl::StatusOr<std::optional<Difference>> SysctlResource::InspectKept(
    const sys::FileReader& files) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> kept, Kept(files));
  if (kept != value_) {
    return Difference{"persist", kept.has_value() ? Value(*kept) : Value::Absent(), value_};
  }
  ASSIGN_OR_RETURN(const std::optional<Override> later, FindOverride(files));
  if (later.has_value()) {
    return Difference{
        "persist", fmt::format("{}, set later by {}", later->value, later->path), value_};
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Difference>> SysctlResource::Inspect(const sys::HostReader& host,
                                                                Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the kernel setting"));
  std::vector<Difference> differences;
  if (absent_) {
    ASSIGN_OR_RETURN(const std::optional<std::string> kept, Kept(host.files()));
    if (kept.has_value()) {
      differences.push_back({"present", true, false});
    }
    return differences;
  }
  if (runtime_) {
    ASSIGN_OR_RETURN(std::optional<Difference> live, InspectLive(host.kernel()));
    if (live.has_value()) {
      differences.push_back(*std::move(live));
    }
  }
  if (persist_) {
    ASSIGN_OR_RETURN(std::optional<Difference> kept, InspectKept(host.files()));
    if (kept.has_value()) {
      differences.push_back(*std::move(kept));
    }
  }
  return differences;
}

absl::Status SysctlResource::Keep(sys::Host& host) const {
  sys::ReplaceOptions options;
  const absl::StatusOr<sys::FileStat> there = host.files().Stat(path_);
  if (there.ok()) {
    options.expected = *there;
  } else if (!absl::IsNotFound(there.status())) {
    return there.status();
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> kept, Kept(host.files()));
  if (kept != value_) {
    RETURN_IF_ERROR(host.write_files().Replace(path_, SettingText(key_, value_), options));
  }
  ASSIGN_OR_RETURN(const std::optional<Override> later, FindOverride(host.files()));
  if (later.has_value()) {
    return FailedPrecondition(
        "{} = {} in {} is read after {} and wins at the next boot; take that line out (a `line` "
        "resource can)",
        key_,
        later->value,
        later->path,
        path_);
  }
  return absl::OkStatus();
}

absl::Status SysctlResource::SetLive(sys::Host& host) const {
  const absl::Status status = host.write_kernel().SetSysctl(key_, value_);
  if (absl::IsNotFound(status)) {
    return NotFound(
        "the running kernel has no {}; load the module that brings it first, or say "
        "ignore_missing = true to keep the value for when it is there",
        key_);
  }
  return Annotate(status, fmt::format("set {} = {}", key_, value_));
}

absl::Status SysctlResource::Apply(std::span<const Difference> drift,
                                   sys::Host& host,
                                   Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("changing the kernel setting"));
  if (absent_) {
    return host.write_files().Remove(path_);
  }
  // The running kernel first: a key or value that it refuses is not kept for the next boot either.
  const auto is_off = [&](std::string_view attribute) {
    return std::any_of(drift.begin(), drift.end(), [&](const Difference& one) {
      return one.attribute == attribute;
    });
  };
  if (is_off("value")) {
    RETURN_IF_ERROR(SetLive(host));
  }
  return is_off("persist") ? Keep(host) : absl::OkStatus();
}

absl::StatusOr<Attributes> SysctlResource::Describe(const sys::HostReader& host,
                                                    Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the kernel setting"));
  ASSIGN_OR_RETURN(const std::string live, host.kernel().Sysctl(key_));
  ASSIGN_OR_RETURN(const std::optional<std::string> kept, Kept(host.files()));
  const std::string value = CanonicalSysctlValue(live);
  Attributes attributes;
  attributes.Set("value", value);
  attributes.Set("persist", kept == value);
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<SysctlResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& SysctlType() {
  static const resource::ResourceType kType{.schema = &SysctlSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
