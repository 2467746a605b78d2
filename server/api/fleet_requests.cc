// SPDX-License-Identifier: Apache-2.0
#include "server/api/fleet_requests.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/filter/filter.h"
#include "lib/pki/identity.h"
#include "server/fleet/host_fields.h"
#include "server/policy/revision_names.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMaxLabels = 64;
constexpr std::size_t kMaxLabelName = 63;
constexpr std::size_t kMaxLabelValue = 255;
constexpr uint32_t kMostUses = 100'000;
constexpr absl::Duration kLongest = absl::Hours(24 * 366);

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-/").find(c) != std::string_view::npos;
}

bool IsValueCharacter(char c) {
  return c > 0x20 && c < 0x7F && c != ',' && c != '=';
}

absl::StatusOr<std::string> RoleOf(const v1::CreateTokenRequest& request, Subject subject) {
  if (subject == Subject::kHost) {
    return request.role().empty() ? absl::StatusOr<std::string>("")
                                  : InvalidArgument("a host has no role");
  }
  const std::string role = request.role().empty() ? "admin" : request.role();
  if (role != "admin" && role != "viewer" && role != "auditor") {
    return InvalidArgument("the role of a user is \"admin\", \"viewer\" or \"auditor\", not \"{}\"",
                           role);
  }
  return role;
}

// The hosts that a user may see.
absl::StatusOr<std::string> FilterOf(const v1::CreateTokenRequest& request,
                                     const std::string& role,
                                     absl::Time now) {
  if (request.filter().empty()) {
    return "";
  }
  if (role != "viewer" && role != "auditor") {
    return InvalidArgument(
        "a filter is for viewers and auditors: what an admin may do is not bounded to some hosts");
  }
  RETURN_IF_ERROR(filter::Filter::Parse(request.filter(), HostLanguage(), now).status());
  return request.filter();
}

absl::Status CheckUserToken(const v1::CreateTokenRequest& request) {
  if (request.name().empty()) {
    return InvalidArgument("a user's token says the user's name");
  }
  if (!request.channel().empty() || !request.labels().empty()) {
    return InvalidArgument("a user has no channel and no labels");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLabel(std::string_view name, std::string_view value) {
  if (name.empty() || name.size() > kMaxLabelName ||
      !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return InvalidArgument(
        "\"{}\" cannot name a label: 1 to {} letters, digits and . _ - / are allowed",
        name,
        kMaxLabelName);
  }
  if (value.empty() || value.size() > kMaxLabelValue ||
      !std::all_of(value.begin(), value.end(), IsValueCharacter)) {
    return InvalidArgument(
        "label {}: \"{}\" cannot be its value: 1 to {} printable characters are allowed, no "
        "blanks, commas or equals signs",
        name,
        value,
        kMaxLabelValue);
  }
  return absl::OkStatus();
}

absl::StatusOr<Labels> ChangeLabels(Labels labels, const v1::UpdateHostRequest& request) {
  for (const std::string& name : request.remove_labels()) {
    if (labels.erase(name) == 0) {
      return NotFound("host {} has no label \"{}\"", request.name(), name);
    }
  }
  for (const auto& [name, value] : request.set_labels()) {
    RETURN_IF_ERROR(CheckLabel(name, value));
    labels[name] = value;
  }
  if (labels.size() > kMaxLabels) {
    return InvalidArgument("{} labels; a host has at most {}", labels.size(), kMaxLabels);
  }
  return labels;
}

absl::StatusOr<TokenRecord> TokenFor(const v1::CreateTokenRequest& request,
                                     const std::string& default_channel,
                                     const std::string& created_by,
                                     absl::Time now) {
  TokenRecord token;
  ASSIGN_OR_RETURN(token.subject, FromProto(request.subject()));
  ASSIGN_OR_RETURN(token.role, RoleOf(request, token.subject));
  const bool host = token.subject == Subject::kHost;
  if (!host) {
    RETURN_IF_ERROR(CheckUserToken(request));
  }
  ASSIGN_OR_RETURN(token.filter, FilterOf(request, token.role, now));
  if (!request.name().empty()) {
    RETURN_IF_ERROR(
        pki::Identity::Of(host ? pki::Role::kHost : pki::Role::kUser, request.name()).status());
  }
  token.uses_left = request.uses() == 0 ? 1 : request.uses();
  const absl::Duration valid =
      request.valid_seconds() == 0 ? absl::Hours(1) : absl::Seconds(request.valid_seconds());
  if (token.uses_left > kMostUses || valid > kLongest) {
    return InvalidArgument("a token is good for at most {} uses and {} days",
                           kMostUses,
                           absl::ToInt64Hours(kLongest) / 24);
  }
  token.expires = now + valid;
  token.name = request.name();
  if (host) {
    token.channel = request.channel().empty() ? default_channel : request.channel();
    RETURN_IF_ERROR(CheckChannelName(token.channel));
  }
  for (const auto& [name, value] : request.labels()) {
    RETURN_IF_ERROR(CheckLabel(name, value));
    token.labels[name] = value;
  }
  token.created_by = created_by;
  return token;
}

}  // namespace fettle::server
