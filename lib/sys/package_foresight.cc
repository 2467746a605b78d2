// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/package_foresight.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/apt_transaction.h"
#include "lib/sys/errno.h"
#include "lib/sys/linux_commands.h"

namespace fettle::sys {
namespace {

constexpr char kAptArchives[] = "/var/cache/apt/archives";
constexpr std::size_t kMostOutput = 32 << 20;
constexpr std::array<std::string_view, 4> kScripts = {"preinst", "postinst", "prerm", "postrm"};

// "rwxr-sr-t" as bits.
uint32_t ModeOf(std::string_view text) {
  uint32_t mode = 0;
  for (std::size_t i = 0; i < 9 && i < text.size(); ++i) {
    const char c = text[i];
    if (c != '-' && c != 'S' && c != 'T') {
      mode |= 1U << (8 - i);
    }
    if (c == 's' || c == 'S') {
      mode |= i < 3 ? 04000U : 02000U;
    }
    if (c == 't' || c == 'T') {
      mode |= 01000U;
    }
  }
  return mode;
}

FileKind KindOf(char letter) {
  switch (letter) {
    case '-':
    case 'h':
      return FileKind::kRegular;
    case 'd':
      return FileKind::kDirectory;
    case 'l':
      return FileKind::kLink;
    default:
      return FileKind::kOther;
  }
}

// "-rw-r--r-- root/root  123 2023-01-01 10:00 ./etc/x", links with " -> target".
bool ParseEntry(std::string_view line, ForeseenFile* file) {
  const std::size_t at = line.find(" ./");
  if (line.size() < 12 || at == std::string_view::npos) {
    return false;
  }
  const std::vector<std::string_view> head = SplitWords(line.substr(0, at));
  std::string_view path = line.substr(at + 2);
  int64_t size = 0;
  if (head.size() < 3 || head[0].size() < 10) {
    return false;
  }
  if (!ParseInt(head[2], &size)) {
    size = 0;  // Devices have two numbers there.
  }
  const std::size_t slash = head[1].find('/');
  file->kind = KindOf(line[0]);
  file->mode = ModeOf(head[0].substr(1));
  file->size = static_cast<uint64_t>(std::max<int64_t>(size, 0));
  file->owner = head[1].substr(0, slash);
  file->group = slash == std::string_view::npos ? "" : head[1].substr(slash + 1);
  if (const std::size_t arrow = path.find(" -> "); file->kind == FileKind::kLink) {
    file->target = arrow == std::string_view::npos ? "" : path.substr(arrow + 4);
    path = path.substr(0, arrow);
  }
  if (const std::size_t hard = path.find(" link to "); hard != std::string_view::npos) {
    path = path.substr(0, hard);
  }
  while (path.size() > 1 && path.back() == '/') {
    path.remove_suffix(1);
  }
  file->path = path;
  return path.size() > 1;
}

bool IsPlainWord(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  }) && word[0] >= 'a';
}

using Variables = std::map<std::string, std::string, std::less<>>;

// A word of a script without its quotes; what "$NAME" and "${NAME}" stand for.
std::string Expanded(std::string_view word, const Variables& variables) {
  if (word.size() >= 2 && word.front() == word.back() && (word[0] == '"' || word[0] == '\'')) {
    word = word.substr(1, word.size() - 2);
  }
  if (!word.starts_with('$')) {
    return std::string(word);
  }
  std::string_view name = word.substr(1);
  if (name.starts_with('{') && name.ends_with('}')) {
    name = name.substr(1, name.size() - 2);
  }
  const auto at = variables.find(name);
  return at == variables.end() ? "" : at->second;
}

// Whether an option of adduser, useradd and the like is followed by its value.
bool HasValue(std::string_view option) {
  constexpr std::array<std::string_view, 17> kFlags = {"--system",
                                                       "--quiet",
                                                       "--disabled-login",
                                                       "--disabled-password",
                                                       "--group",
                                                       "--no-create-home",
                                                       "--user-group",
                                                       "--no-user-group",
                                                       "--create-home",
                                                       "--force-badname",
                                                       "--allow-bad-names",
                                                       "-r",
                                                       "-m",
                                                       "-M",
                                                       "-N",
                                                       "-U",
                                                       "-f"};
  return option.find('=') == std::string_view::npos &&
         std::find(kFlags.begin(), kFlags.end(), option) == kFlags.end();
}

// Whom a call of an account tool with these arguments makes; "" if that is not to be seen.
std::string AccountOf(std::span<const std::string_view> arguments, const Variables& variables) {
  constexpr std::string_view kEnds = "|&;>)";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t end = arguments[i].find(';');
    const std::string_view word = arguments[i].substr(0, end);
    if (word.empty() || kEnds.find(word[0]) != std::string_view::npos) {
      return "";
    }
    if (word.starts_with('-')) {
      i += HasValue(word) ? 1 : 0;
    } else if (std::string name = Expanded(word, variables); IsPlainWord(name)) {
      return name;
    }
    if (end != std::string_view::npos) {
      return "";
    }
  }
  return "";
}

absl::StatusOr<std::string> Output(std::vector<std::string> argv, Deadline deadline) {
  Command command;
  command.argv = std::move(argv);
  command.max_output = kMostOutput;
  ASSIGN_OR_RETURN(CommandResult result, RunCommand(command, deadline));
  if (result.exit_code != 0 || result.output_cut) {
    return FailedPrecondition("{} exited {}: {}",
                              command.argv[0],
                              result.exit_code,
                              result.output_cut ? "its output is too long" : result.Tail());
  }
  return std::move(result.out);
}

// The maintainer scripts of a package and what they seem to make.
void ReadScripts(ForeseenPackage* package, Deadline deadline) {
  constexpr std::array<std::string_view, 2> kUserTools = {"adduser", "useradd"};
  constexpr std::array<std::string_view, 2> kGroupTools = {"addgroup", "groupadd"};
  for (const std::string_view script : kScripts) {
    const auto text =
        Output({"dpkg-deb", "--info", package->archive, std::string(script)}, deadline);
    if (!text.ok()) {
      continue;  // It has none of that name.
    }
    package->scripts.emplace_back(script);
    for (std::string& user : GuessAccounts(*text, kUserTools)) {
      package->guessed_users.push_back(std::move(user));
    }
    for (std::string& group : GuessAccounts(*text, kGroupTools)) {
      package->guessed_groups.push_back(std::move(group));
    }
  }
}

class AptForesight final : public PackageForesight {
 public:
  explicit AptForesight(AptForesightOptions options) : options_(std::move(options)) {}

  AptForesight(const AptForesight&) = delete;
  AptForesight& operator=(const AptForesight&) = delete;

  ~AptForesight() override {
    for (const std::string& archive : downloaded_) {
      unlink(archive.c_str());
    }
    if (!downloaded_.empty()) {
      rmdir(options_.cache_folder.c_str());
    }
  }

  absl::StatusOr<std::vector<ForeseenPackage>> Steps(std::span<const PackageRequest> requests,
                                                     const TransactionOptions& options,
                                                     Deadline deadline) override;
  void LookInside(ForeseenPackage* package, Deadline deadline) override;
  absl::StatusOr<std::string> Content(const std::string& archive,
                                      const std::string& path,
                                      uint64_t max_bytes,
                                      Deadline deadline) override;

 private:
  std::string FindArchive(const ForeseenPackage& package) const;
  void LookForArchive(ForeseenPackage* package, Deadline deadline);
  absl::Status Download(const ForeseenPackage& package, Deadline deadline) const;

  const AptForesightOptions options_;
  std::vector<std::string> downloaded_;
};

absl::StatusOr<std::vector<ForeseenPackage>> AptForesight::Steps(
    std::span<const PackageRequest> requests,
    const TransactionOptions& options,
    Deadline deadline) {
  RETURN_IF_ERROR(CheckRequests(requests, options));
  std::vector<ForeseenPackage> packages;
  Command command;
  command.argv = InstallArgv(requests, options, {.simulate = true});
  if (command.argv.empty()) {
    return packages;
  }
  command.environment = AptEnvironment(options);
  command.max_output = 16 << 20;
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(command, deadline));
  if (result.exit_code != 0) {
    return AptFailure("apt-get", result.exit_code, result.out + result.err);
  }
  for (AptStep& step : ParseAptSimulation(result.out)) {
    ForeseenPackage package;
    package.name = std::move(step.name);
    package.old_version = std::move(step.old_version);
    package.new_version = std::move(step.new_version);
    const auto local = std::find_if(requests.begin(), requests.end(), [&](const auto& request) {
      return !request.local_file.empty() && request.name == package.name;
    });
    package.archive = local == requests.end() ? "" : local->local_file;
    packages.push_back(std::move(package));
  }
  return packages;
}

// Apt names archives name_version_arch.deb, with ":" of an epoch as "%3a".
std::string AptForesight::FindArchive(const ForeseenPackage& package) const {
  std::string version;
  for (const char c : package.new_version) {
    version += c == ':' ? std::string("%3a") : std::string(1, c);
  }
  const std::string name = package.name.substr(0, package.name.find(':'));
  for (const std::string& folder : {std::string(kAptArchives), options_.cache_folder}) {
    for (const char* architecture : {"amd64", "all", "arm64", "i386", "armhf", "riscv64"}) {
      std::string path = fmt::format("{}/{}_{}_{}.deb", folder, name, version, architecture);
      if (!folder.empty() && access(path.c_str(), R_OK) == 0) {
        return path;
      }
    }
  }
  return "";
}

absl::Status AptForesight::Download(const ForeseenPackage& package, Deadline deadline) const {
  if (mkdir(options_.cache_folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "make", options_.cache_folder);
  }
  Command command;
  command.argv = {"apt-get", "download", "-q", package.name + "=" + package.new_version};
  command.directory = options_.cache_folder;
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(command, deadline));
  return result.exit_code == 0 ? absl::OkStatus()
                               : AptFailure("apt-get", result.exit_code, result.out + result.err);
}

void AptForesight::LookForArchive(ForeseenPackage* package, Deadline deadline) {
  if (package->archive.empty()) {
    package->archive = FindArchive(*package);
  }
  if (package->archive.empty() && options_.download && Download(*package, deadline).ok()) {
    package->archive = FindArchive(*package);
    if (!package->archive.empty()) {
      downloaded_.push_back(package->archive);
    }
  }
}

void AptForesight::LookInside(ForeseenPackage* package, Deadline deadline) {
  if (package->new_version.empty()) {
    package->contents_known = true;
    return;
  }
  LookForArchive(package, deadline);
  if (package->archive.empty()) {
    return;
  }
  const auto list = Output({"dpkg-deb", "--contents", package->archive}, deadline);
  if (!list.ok()) {
    return;
  }
  package->files = ParseArchiveList(*list);
  package->contents_known = true;
  ReadScripts(package, deadline);
  for (const ForeseenFile& file : package->files) {
    if (file.path.starts_with("/usr/lib/sysusers.d/") && file.kind == FileKind::kRegular) {
      const auto text = Content(package->archive, file.path, 1 << 20, deadline);
      const std::vector<std::string> users = ParseSysusers(text.ok() ? *text : "");
      package->users.insert(package->users.end(), users.begin(), users.end());
    }
  }
}

absl::StatusOr<std::string> AptForesight::Content(const std::string& archive,
                                                  const std::string& path,
                                                  uint64_t max_bytes,
                                                  Deadline deadline) {
  // The two names are arguments of the script, never part of its text.
  constexpr char kScript[] = R"(dpkg-deb --fsys-tarfile "$1" | tar -xO -- ".$2")";
  Command command;
  command.argv = {"/bin/sh", "-c", kScript, "sh", archive, path};
  command.max_output = static_cast<std::size_t>(std::min<uint64_t>(max_bytes, kMostOutput));
  ASSIGN_OR_RETURN(CommandResult result, RunCommand(command, deadline));
  if (result.exit_code != 0 || result.output_cut) {
    return FailedPrecondition("{}: cannot be read from {}", path, archive);
  }
  return std::move(result.out);
}

}  // namespace

std::string StepText(const ForeseenPackage& package) {
  if (package.new_version.empty()) {
    return fmt::format("remove {} {}", package.name, package.old_version);
  }
  return package.old_version.empty()
             ? fmt::format("install {} {}", package.name, package.new_version)
             : fmt::format(
                   "upgrade {} {} -> {}", package.name, package.old_version, package.new_version);
}

std::unique_ptr<PackageForesight> MakeAptForesight(AptForesightOptions options) {
  return std::make_unique<AptForesight>(std::move(options));
}

std::vector<ForeseenFile> ParseArchiveList(std::string_view output) {
  std::vector<ForeseenFile> files;
  for (const std::string_view line : SplitLines(output)) {
    ForeseenFile file;
    if (ParseEntry(line, &file)) {
      files.push_back(std::move(file));
    }
  }
  return files;
}

std::vector<std::string> ParseSysusers(std::string_view text) {
  std::vector<std::string> users;
  for (const std::string_view line : SplitLines(text)) {
    const std::vector<std::string_view> words = SplitWords(line);
    if (words.size() >= 2 && (words[0] == "u" || words[0] == "u!")) {
      users.emplace_back(words[1]);
    }
  }
  return users;
}

std::vector<std::string> GuessAccounts(std::string_view script,
                                       std::span<const std::string_view> tools) {
  // A tool's call may go over several lines.
  std::string joined(script);
  for (std::size_t at = joined.find("\\\n"); at != std::string::npos; at = joined.find("\\\n")) {
    joined.replace(at, 2, " ");
  }
  Variables variables;
  std::vector<std::string> names;
  for (const std::string_view line : SplitLines(joined)) {
    const std::vector<std::string_view> words = SplitWords(line);
    if (words.empty() || words.front().starts_with('#')) {
      continue;
    }
    const std::size_t equals = words.front().find('=');
    if (words.size() == 1 && equals != std::string_view::npos) {
      variables[std::string(words.front().substr(0, equals))] =
          Expanded(words.front().substr(equals + 1), variables);
      continue;
    }
    const auto tool = std::find_first_of(words.begin(), words.end(), tools.begin(), tools.end());
    if (tool == words.end()) {
      continue;
    }
    std::string name = AccountOf(std::span(tool + 1, words.end()), variables);
    if (!name.empty()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace fettle::sys
