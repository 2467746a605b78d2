// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/apt_transaction.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/debian_version.h"
#include "lib/sys/linux_packages.h"

namespace fettle::sys {
namespace {

using Argv = std::vector<std::string>;

constexpr std::size_t kMaxMessage = 2000;

bool IsRemoval(PackageAction action) {
  return action == PackageAction::kRemove || action == PackageAction::kPurge;
}

bool IsMark(PackageAction action) {
  return action == PackageAction::kHold || action == PackageAction::kUnhold;
}

absl::Status CheckVersion(const PackageRequest& request) {
  const bool well_formed = std::all_of(request.version.begin(), request.version.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".+-~:").find(c) != std::string_view::npos;
  });
  // apt takes a final "-" or "+" for a wish to remove or install.
  const bool ambiguous =
      !request.version.empty() && (request.version.back() == '-' || request.version.back() == '+');
  return well_formed && !ambiguous
             ? absl::OkStatus()
             : InvalidArgument("package {}: \"{}\" is no version", request.name, request.version);
}

absl::Status CheckLocalFile(const PackageRequest& request) {
  constexpr std::string_view kSuffix = ".deb";
  const std::string_view file = request.local_file;
  const bool well_formed = file.size() > kSuffix.size() && file[0] == '/' &&
                           file.find('\0') == std::string_view::npos &&
                           file.substr(file.size() - kSuffix.size()) == kSuffix;
  return file.empty() || well_formed
             ? absl::OkStatus()
             : InvalidArgument("package {}: \"{}\" is not the absolute path of a .deb file",
                               request.name,
                               file);
}

// "name", or "name:arch" where the architecture is not the native one: as apt prints it.
std::string Printed(std::string_view name, const DpkgStatus& status) {
  const std::size_t colon = name.find(':');
  const bool native =
      colon != std::string_view::npos && name.substr(colon + 1) == status.native_architecture();
  return std::string(native ? name.substr(0, colon) : name);
}

std::string Describe(const AptStep& step) {
  return fmt::format("{} ({})", step.name, step.old_version);
}

// What stands in the way of a transaction, by kind.
struct Objections {
  std::vector<std::string> removed;
  std::vector<std::string> essential;
  std::vector<std::string> downgraded;
  std::vector<std::string> held;
};

void Consider(const AptStep& step,
              const PackageRequest* request,
              bool may_remove,
              const DpkgEntry* installed,
              Objections& objections) {
  if (step.kind == AptStep::Kind::kRemove) {
    if (installed != nullptr && installed->essential) {
      objections.essential.push_back(Describe(step));
    } else if (!may_remove && (request == nullptr || !IsRemoval(request->action))) {
      objections.removed.push_back(Describe(step));
    }
  } else if (!step.old_version.empty() &&
             CompareDebianVersions(step.new_version, step.old_version) < 0 &&
             (request == nullptr || !request->allow_downgrade)) {
    objections.downgraded.push_back(
        fmt::format("{} ({} to {})", step.name, step.old_version, step.new_version));
  }
  if (installed != nullptr && installed->held && (request == nullptr || !request->allow_held)) {
    objections.held.push_back(Describe(step));
  }
}

absl::Status StatusOf(const Objections& objections) {
  std::vector<std::string> sentences;
  const auto add = [&sentences](const std::vector<std::string>& names, const char* sentence) {
    if (!names.empty()) {
      sentences.push_back(fmt::format("{}: {}", sentence, fmt::join(names, ", ")));
    }
  };
  add(objections.essential, "would remove essential packages");
  add(objections.removed,
      "would remove packages that nobody declared absent (declare them, or list them in "
      "may_remove)");
  add(objections.downgraded, "would downgrade without allow_downgrade");
  add(objections.held, "would change held packages without allow_held");
  return sentences.empty() ? absl::OkStatus()
                           : FailedPrecondition("the package transaction {}; nothing was changed",
                                                fmt::join(sentences, "; it "));
}

void AddOption(Argv& argv, std::string option) {
  argv.emplace_back("-o");
  argv.push_back(std::move(option));
}

std::array<std::string, 2> ConffileOptions(const TransactionOptions& options) {
  return {"--force-confdef", options.take_new_conffiles ? "--force-confnew" : "--force-confold"};
}

Argv AptGet(const char* verb, const TransactionOptions& options, const AptCall& call) {
  Argv argv = {"apt-get", "-q", "-y"};
  if (call.simulate) {
    argv.emplace_back("--simulate");
  }
  for (const std::string& option : ConffileOptions(options)) {
    AddOption(argv, "Dpkg::Options::=" + option);
  }
  AddOption(argv, fmt::format("DPkg::Lock::Timeout={}", call.lock_seconds));
  // Else apt takes a name with a dot that it does not know for a pattern, and what matches for
  // wanted.
  AddOption(argv, "APT::Cmd::Pattern-Only=true");
  AddOption(argv, "Dpkg::Use-Pty=0");
  AddOption(argv, "APT::Color=0");
  argv.insert(argv.end(), options.extra_options.begin(), options.extra_options.end());
  argv.emplace_back(verb);
  return argv;
}

std::string Argument(const PackageRequest& request) {
  if (IsRemoval(request.action)) {
    return request.name + "-";
  }
  if (!request.local_file.empty()) {
    return request.local_file;
  }
  return request.version.empty() ? request.name : request.name + "=" + request.version;
}

template <typename Flag>
bool Any(std::span<const PackageRequest> requests, Flag flag) {
  return std::any_of(requests.begin(), requests.end(), flag);
}

std::string_view UpTo(std::string_view text, char end) {
  return text.substr(0, text.find(end));
}

// "Inst bash [5.1] (5.2 Debian:12/stable [amd64])", "Remv less [590]", "Purg less [590]".
bool ParseStep(std::string_view line, AptStep* step) {
  const std::vector<std::string_view> words = SplitWords(line);
  if (words.size() < 3) {
    return false;
  }
  if (words[0] == "Inst") {
    step->kind = AptStep::Kind::kInstall;
  } else if (words[0] == "Remv" || words[0] == "Purg") {
    step->kind = AptStep::Kind::kRemove;
  } else {
    return false;
  }
  step->name = words[1];
  std::size_t at = 2;
  if (words[at][0] == '[') {
    step->old_version = UpTo(words[at].substr(1), ']');
    ++at;
  }
  if (at < words.size() && words[at][0] == '(') {
    step->new_version = UpTo(words[at].substr(1), ')');
  }
  return true;
}

}  // namespace

std::vector<AptStep> ParseAptSimulation(std::string_view output) {
  std::vector<AptStep> steps;
  for (const std::string_view line : SplitLines(output)) {
    AptStep step;
    if (ParseStep(line, &step)) {
      steps.push_back(std::move(step));
    }
  }
  return steps;
}

absl::Status CheckRequests(std::span<const PackageRequest> requests,
                           const TransactionOptions& options) {
  absl::flat_hash_map<std::string, const PackageRequest*> seen;
  for (const PackageRequest& request : requests) {
    RETURN_IF_ERROR(CheckPackageName(request.name));
    RETURN_IF_ERROR(CheckVersion(request));
    RETURN_IF_ERROR(CheckLocalFile(request));
    if (IsMark(request.action)) {
      continue;  // Goes together with anything.
    }
    const auto [other, is_new] = seen.try_emplace(request.name, &request);
    if (!is_new &&
        (other->second->action != request.action || other->second->version != request.version)) {
      return InvalidArgument("package {} is requested twice, in different ways", request.name);
    }
  }
  for (const std::string& option : options.extra_options) {
    if (option.empty() || option.find('\0') != std::string::npos) {
      return InvalidArgument("a further option for apt-get is empty or holds a NUL byte");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSteps(const std::vector<AptStep>& steps,
                        std::span<const PackageRequest> requests,
                        const TransactionOptions& options,
                        const DpkgStatus& status) {
  absl::flat_hash_map<std::string, const PackageRequest*> by_name;
  for (const PackageRequest& request : requests) {
    if (!IsMark(request.action)) {
      by_name.try_emplace(Printed(request.name, status), &request);
    }
  }
  Objections objections;
  for (const AptStep& step : steps) {
    const auto found = by_name.find(step.name);
    const bool may_remove = std::any_of(
        options.may_remove.begin(), options.may_remove.end(), [&](const std::string& name) {
          return Printed(name, status) == step.name;
        });
    Consider(step,
             found == by_name.end() ? nullptr : found->second,
             may_remove,
             status.Find(step.name),
             objections);
  }
  return StatusOf(objections);
}

std::vector<std::string> InstallArgv(std::span<const PackageRequest> requests,
                                     const TransactionOptions& options,
                                     const AptCall& call) {
  Argv argv = AptGet("install", options, call);
  const bool recommends = Any(requests, [](const auto& request) { return request.recommends; });
  argv.emplace_back(recommends ? "--install-recommends" : "--no-install-recommends");
  if (Any(requests, [](const auto& request) { return request.allow_downgrade; })) {
    argv.emplace_back("--allow-downgrades");
  }
  if (Any(requests, [](const auto& request) { return request.allow_held; })) {
    argv.emplace_back("--allow-change-held-packages");
  }
  if (call.purge) {
    argv.emplace_back("--purge");
  }
  if (call.no_remove) {
    argv.emplace_back("--no-remove");
  }
  argv.emplace_back("--");
  const std::size_t bare = argv.size();
  for (const PackageRequest& request : requests) {
    if (!IsMark(request.action)) {
      argv.push_back(Argument(request));
    }
  }
  return argv.size() == bare ? Argv() : argv;
}

std::vector<std::string> PurgeArgv(const std::vector<std::string>& names,
                                   const TransactionOptions& options,
                                   const AptCall& call) {
  Argv argv = AptGet("purge", options, call);
  argv.emplace_back("--");
  argv.insert(argv.end(), names.begin(), names.end());
  return argv;
}

std::vector<std::string> MarkArgv(std::span<const PackageRequest> requests, PackageAction action) {
  Argv argv = {"apt-mark", "-q", action == PackageAction::kHold ? "hold" : "unhold", "--"};
  const std::size_t bare = argv.size();
  for (const PackageRequest& request : requests) {
    if (request.action == action) {
      argv.push_back(request.name);
    }
  }
  return argv.size() == bare ? Argv() : argv;
}

std::vector<std::string> RepairArgv(const TransactionOptions& options) {
  Argv argv = {"dpkg"};
  for (const std::string& option : ConffileOptions(options)) {
    argv.push_back(option);
  }
  argv.emplace_back("--configure");
  argv.emplace_back("-a");
  return argv;
}

std::map<std::string, std::string> AptEnvironment(const TransactionOptions& options) {
  return {{"DEBIAN_FRONTEND", "noninteractive"},
          {"DEBIAN_PRIORITY", "critical"},
          {"APT_LISTCHANGES_FRONTEND", "none"},
          {"APT_LISTBUGS_FRONTEND", "none"},
          // needrestart: only list what runs old code; whether to restart is for service resources.
          {"NEEDRESTART_MODE", "l"},
          {options.take_new_conffiles ? "UCF_FORCE_CONFFNEW" : "UCF_FORCE_CONFFOLD", "1"}};
}

absl::Status AptFailure(std::string_view program, int exit_code, std::string_view output) {
  constexpr std::array<std::string_view, 4> kLocked = {"Could not get lock",
                                                       "Unable to acquire",
                                                       "is another process using it",
                                                       "lock was locked by another process"};
  constexpr std::array<std::string_view, 4> kPassing = {
      "Failed to fetch", "Unable to fetch", "Could not resolve", "Temporary failure"};
  std::string errors;
  for (const std::string_view line : SplitLines(output)) {
    const bool counts = line.substr(0, 2) == "E:" || line.substr(0, 4) == "Err:" ||
                        line.substr(0, 11) == "dpkg: error" ||
                        line.find("Depends:") != std::string_view::npos;
    if (counts && errors.size() < kMaxMessage) {
      errors += fmt::format("{}{}", errors.empty() ? "" : "; ", Trim(line));
    }
  }
  if (errors.empty()) {
    const std::string_view all = Trim(output);
    errors = all.substr(all.size() - std::min(all.size(), kMaxMessage));
  }
  const auto said = [&errors](std::string_view words) {
    return errors.find(words) != std::string::npos;
  };
  const std::string message = fmt::format("{} failed with exit code {}: {}",
                                          program,
                                          exit_code,
                                          errors.empty() ? "it said nothing" : errors);
  if (std::any_of(kLocked.begin(), kLocked.end(), said)) {
    return absl::ResourceExhaustedError(message);
  }
  return std::any_of(kPassing.begin(), kPassing.end(), said)
             ? absl::UnavailableError(message)
             : absl::FailedPreconditionError(message);
}

}  // namespace fettle::sys
