// SPDX-License-Identifier: Apache-2.0
#include "modules/package/package.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/host.h"
#include "modules/package/package_transaction.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;
using sys::PackagePresence;

void SetRule(std::string_view declared, WantedPackage* wanted) {
  if (declared.empty()) {
    wanted->rule = WantedPackage::Rule::kAny;
  } else if (declared == "latest") {
    wanted->rule = WantedPackage::Rule::kLatest;
  } else if (declared.starts_with(">=")) {
    wanted->rule = WantedPackage::Rule::kMinimum;
    wanted->version = Trim(declared.substr(2));
  } else {
    wanted->rule = WantedPackage::Rule::kExact;
    wanted->version = declared;
  }
}

WantedPackage Read(std::string_view name, const Attributes& attributes) {
  WantedPackage wanted;
  wanted.name = name;
  SetRule(attributes.String("version", ""), &wanted);
  wanted.purged = attributes.Bool("purged", false);
  wanted.absent = wanted.purged || attributes.Bool("absent", false);
  if (attributes.Has("held")) {
    wanted.held = attributes.Bool("held", false);
  }
  wanted.allow_downgrade = attributes.Bool("allow_downgrade", false);
  wanted.allow_held = attributes.Bool("allow_held", false);
  wanted.recommends = attributes.Bool("recommends", false);
  wanted.file = attributes.String("file", "");
  wanted.options.lock_wait = attributes.Duration("lock_wait", absl::Minutes(5));
  wanted.options.may_remove = attributes.StringList("may_remove");
  wanted.options.take_new_conffiles = attributes.String("conffiles", "keep") == "new";
  wanted.options.extra_options = attributes.StringList("options");
  wanted.options.repair_broken_first = attributes.Bool("repair_broken", false);
  return wanted;
}

class PackageResource final : public resource::Resource, public resource::Describable {
 public:
  PackageResource(std::string_view name, const Attributes& attributes)
      : wanted_(Read(name, attributes)), declared_version_(attributes.String("version", "")) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

  const WantedPackage& wanted() const { return wanted_; }

 private:
  std::vector<Difference> InspectAbsent(const sys::PackageState& state) const;

  // What of the version of an installed package is off; nullopt if nothing.
  absl::StatusOr<std::optional<Difference>> InspectVersion(const sys::PackageState& state,
                                                           const sys::HostReader& host,
                                                           Deadline deadline) const;

  WantedPackage wanted_;
  std::string declared_version_;
};

std::vector<Difference> PackageResource::InspectAbsent(const sys::PackageState& state) const {
  std::vector<Difference> differences;
  if (state.presence == PackagePresence::kInstalled || state.presence == PackagePresence::kBroken) {
    differences.push_back({"present", true, false});
  }
  if (wanted_.purged && state.presence != PackagePresence::kAbsent) {
    differences.push_back({"purged", false, true});
  }
  return differences;
}

absl::StatusOr<std::optional<Difference>> PackageResource::InspectVersion(
    const sys::PackageState& state, const sys::HostReader& host, Deadline deadline) const {
  const sys::PackageReader& packages = host.packages();
  if (wanted_.rule == WantedPackage::Rule::kLatest) {
    ASSIGN_OR_RETURN(const std::string candidate, packages.Candidate(wanted_.name, deadline));
    if (!candidate.empty() && packages.CompareVersions(state.version, candidate) < 0) {
      return Difference{"version", state.version, candidate};
    }
    return std::nullopt;
  }
  if (!Satisfies(wanted_, state.version, packages)) {
    return Difference{"version", state.version, declared_version_};
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Difference>> PackageResource::Inspect(const sys::HostReader& host,
                                                                 Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the package"));
  ASSIGN_OR_RETURN(const sys::PackageState state, host.packages().Package(wanted_.name));
  if (wanted_.absent) {
    return InspectAbsent(state);
  }
  std::vector<Difference> differences;
  if (state.presence == PackagePresence::kInstalled) {
    ASSIGN_OR_RETURN(std::optional<Difference> version, InspectVersion(state, host, deadline));
    if (version.has_value()) {
      differences.push_back(*std::move(version));
    }
  } else {
    const bool broken = state.presence == PackagePresence::kBroken;
    differences.push_back({"present", broken ? Value(state.broken_as) : Value(false), true});
  }
  if (wanted_.held.has_value() && state.held != *wanted_.held) {
    differences.push_back({"held", state.held, *wanted_.held});
  }
  return differences;
}

absl::Status PackageResource::Apply(std::span<const Difference> drift,
                                    sys::Host& host,
                                    Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("changing the package"));
  const PackageWork work{&wanted_, drift};
  return CommitPackages({&work, 1}, host, deadline).front();
}

absl::StatusOr<Attributes> PackageResource::Describe(const sys::HostReader& host,
                                                     Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the package"));
  ASSIGN_OR_RETURN(const sys::PackageState state, host.packages().Package(wanted_.name));
  if (state.presence != PackagePresence::kInstalled) {
    return NotFound("package {} is not installed", wanted_.name);
  }
  Attributes attributes;
  attributes.Set("version", state.version);
  if (state.held) {
    attributes.Set("held", true);
  }
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<PackageResource>(name, attributes);
}

std::vector<absl::Status> ApplyBatch(std::span<const resource::BatchItem> items,
                                     sys::Host& host,
                                     Deadline deadline) {
  std::vector<PackageWork> work;
  for (const resource::BatchItem& item : items) {
    work.push_back({&static_cast<const PackageResource&>(*item.resource).wanted(), item.drift});
  }
  if (const absl::Status status = deadline.Check("changing packages"); !status.ok()) {
    return std::vector<absl::Status>(items.size(), status);
  }
  return CommitPackages(work, host, deadline);
}

}  // namespace

const resource::ResourceType& PackageType() {
  static const resource::ResourceType kType{
      .schema = &PackageSchema(), .make = Make, .apply_batch = ApplyBatch};
  return kType;
}

}  // namespace fettle::modules
