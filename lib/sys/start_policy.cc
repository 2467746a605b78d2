// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/start_policy.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/sys/atomic_replace.h"
#include "lib/sys/errno.h"
#include "lib/sys/place.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

// Exit codes of policy-rc.d: 0 allowed, 101 forbidden. deb-systemd-invoke gives "unit action",
// invoke-rc.d "[--quiet] script action [runlevel]", with the action in parentheses out of a
// runlevel. The unit stands unquoted in the patterns: it may be one itself ("getty@*.service").
constexpr std::string_view kScript = R"sh(#!/bin/sh
# fettle: placed for the time of one package transaction, safe to remove
[ -n "$FETTLE_TRANSACTION" ] || exit 0
[ "$1" != --quiet ] || shift
case "$2" in
  *restart*|*reload*) allowed=$FETTLE_KNOWN_UNITS ;;
  *start*) allowed=$FETTLE_ACTIVE_UNITS ;;
  *) exit 0 ;;
esac
case " $allowed " in
  *" "$1" "*|*" "$1.service" "*) exit 0 ;;
esac
exit 101
)sh";
constexpr std::string_view kMark =
    "#!/bin/sh\n# fettle: placed for the time of one package transaction";
// The kernel's limit for one variable is 128 KiB.
constexpr std::size_t kMaxVariable = 100 << 10;
constexpr uint64_t kMaxScript = 1 << 20;

std::string Join(const std::vector<std::string>& names) {
  std::string joined = fmt::format("{}", fmt::join(names, " "));
  if (joined.size() > kMaxVariable) {
    joined.resize(joined.rfind(' ', kMaxVariable));
  }
  return joined;
}

// Whether the script at `path` is ours; nullopt when nothing is there. Anything odd is not ours.
std::optional<bool> IsOurs(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) {
    return errno == ENOENT ? std::nullopt : std::optional(false);
  }
  std::string content;
  return ReadAll(fd.get(), 0, kMaxScript, &content) == 0 &&
         std::string_view(content).substr(0, kMark.size()) == kMark;
}

}  // namespace

std::map<std::string, std::string> StartPolicyEnvironment(
    const std::vector<std::string>& active_units, const std::vector<std::string>& known_units) {
  return {{"FETTLE_TRANSACTION", "1"},
          {"FETTLE_ACTIVE_UNITS", Join(active_units)},
          {"FETTLE_KNOWN_UNITS", Join(known_units)}};
}

std::string_view StartPolicyScript() {
  return kScript;
}

absl::Status PlaceStartPolicy(const std::string& path) {
  const std::optional<bool> ours = IsOurs(path);
  if (ours == false) {
    return absl::OkStatus();
  }
  ReplaceOptions options;
  options.mode = 0755;
  Look look;
  if (ours.has_value() && LookAt(AT_FDCWD, path.c_str(), &look) == 0) {
    options.expected = look.stat;
  }
  return ReplaceFile(path, kScript, options);
}

absl::Status RemoveStartPolicy(const std::string& path) {
  if (IsOurs(path) != true) {
    return absl::OkStatus();
  }
  return unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus()
                                                      : ErrnoStatus(errno, "remove", path);
}

}  // namespace fettle::sys
