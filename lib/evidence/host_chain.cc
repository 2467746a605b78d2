// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/host_chain.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/evidence/statement.h"
#include "lib/pki/base64.h"

namespace fettle::evidence {
namespace {

constexpr std::size_t kKeyBytes = 32;

absl::Status CheckSignature(const ReportsLeaf& leaf, const std::string* key) {
  if (leaf.key.empty()) {
    return key == nullptr ? absl::OkStatus()
                          : PermissionDenied(
                                "reports {} to {} of host {} are not signed, and it signs its "
                                "reports: they are not its own",
                                leaf.after + 1,
                                leaf.last,
                                leaf.host);
  }
  if (key == nullptr || *key != leaf.key) {
    return PermissionDenied("reports {} to {} of host {} are signed with {}, which is not its key",
                            leaf.after + 1,
                            leaf.last,
                            leaf.host,
                            KeyFingerprint(leaf.key));
  }
  return VerifyReports(StatementOf(leaf), leaf.key, leaf.signature)
             ? absl::OkStatus()
             : PermissionDenied("the signature of host {} under its reports {} to {} does not fit",
                                leaf.host,
                                leaf.after + 1,
                                leaf.last);
}

}  // namespace

absl::Status HostChains::Add(const ActLeaf& leaf) {
  if (leaf.act != kReportKeyAct) {
    return absl::OkStatus();
  }
  const auto field = leaf.data.find(std::string(kKeyField));
  std::string key;
  if (leaf.host.empty() || field == leaf.data.end() || !pki::Base64Decode(field->second, &key) ||
      key.size() != kKeyBytes) {
    return PermissionDenied("the key of host {} in the log is damaged", leaf.host);
  }
  keys_[leaf.host] = key;
  return absl::OkStatus();
}

absl::Status HostChains::Add(const ReportsLeaf& leaf) {
  const auto key = keys_.find(leaf.host);
  RETURN_IF_ERROR(CheckSignature(leaf, key == keys_.end() ? nullptr : &key->second));
  const auto [covered, fresh] = covered_.try_emplace({leaf.host, leaf.epoch}, leaf.last);
  if (!fresh && leaf.after > covered->second) {
    return PermissionDenied(
        "reports {} to {} of host {} are missing: it signed that others follow them",
        covered->second + 1,
        leaf.after,
        leaf.host);
  }
  covered->second = std::max(covered->second, leaf.last);
  return absl::OkStatus();
}

}  // namespace fettle::evidence
