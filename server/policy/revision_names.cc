// SPDX-License-Identifier: Apache-2.0
#include "server/policy/revision_names.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::server {
namespace {

constexpr std::size_t kLeastPrefix = 4;
constexpr std::size_t kMaxChannel = 64;

// 42 of "r42", 0 of anything else.
int64_t NumberOf(std::string_view name) {
  int64_t number = 0;
  return name.starts_with('r') && ParseInt(name.substr(1), &number) && number > 0 ? number : 0;
}

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string RevisionName(int64_t number) {
  return number == 0 ? "" : fmt::format("r{}", number);
}

absl::StatusOr<RevisionRecord> ResolveRevision(PolicyStore& store, const std::string& name) {
  if (const int64_t number = NumberOf(name); number != 0) {
    return store.GetRevisionByNumber(number);
  }
  const auto channel = store.GetChannel(name);
  if (channel.ok()) {
    if (channel->revision_id.empty()) {
      return NotFound("the channel \"{}\" points to no revision yet", name);
    }
    return store.GetRevision(channel->revision_id);
  }
  if (!absl::IsNotFound(channel.status())) {
    return channel.status();
  }
  if (name.size() >= kLeastPrefix && IsHex(name)) {
    return store.GetRevisionByPrefix(name);
  }
  return NotFound(
      "\"{}\" is no revision: give a number (r42), a channel, or at least {} characters of a "
      "digest",
      name,
      kLeastPrefix);
}

absl::Status CheckChannelName(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  const bool fits = !name.empty() && name.size() <= kMaxChannel && name.front() >= 'a' &&
                    name.front() <= 'z' &&
                    name.find_first_not_of(kAllowed) == std::string_view::npos;
  if (!fits) {
    return InvalidArgument(
        "\"{}\" cannot name a channel: 1 to {} of a-z, 0-9 and . _ - are allowed, the first a "
        "letter",
        name,
        kMaxChannel);
  }
  if (NumberOf(name) != 0) {
    return InvalidArgument("\"{}\" cannot name a channel: it reads as a revision", name);
  }
  return absl::OkStatus();
}

}  // namespace fettle::server
