// SPDX-License-Identifier: Apache-2.0
#include "lib/wire/package_wire.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"

namespace fettle::wire {
namespace {

constexpr int kMostEntries = 50'000;
constexpr std::size_t kMostBytes = 256;
constexpr std::size_t kMostTransactionBytes = 1000;
constexpr std::size_t kMostRunBytes = 64;
constexpr int64_t kLatest = int64_t{4'102'444'800} * 1'000'000;  // Year 2100.

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kMostBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

absl::StatusOr<resource::PackageEntry> FromProto(const v1::Packages::Entry& entry, bool whole) {
  if (!IsWord(entry.name())) {
    return InvalidArgument("a package's name of {} bytes is none", entry.name().size());
  }
  const bool gone = !whole && entry.version().empty();
  if (!gone && (!IsWord(entry.version()) || !IsWord(entry.architecture()))) {
    return InvalidArgument("package {} has no version and architecture that are any", entry.name());
  }
  resource::PackageEntry out;
  out.name = entry.name();
  if (!gone) {
    out.version = {entry.version(), entry.architecture()};
  }
  out.transaction = entry.transaction();
  return out;
}

}  // namespace

v1::Packages ToProto(const resource::PackageReport& packages) {
  v1::Packages proto;
  proto.set_whole(packages.whole);
  for (const resource::PackageEntry& entry : packages.entries) {
    v1::Packages::Entry& one = *proto.add_entries();
    one.set_name(entry.name);
    one.set_version(entry.version.version);
    one.set_architecture(entry.version.architecture);
    one.set_transaction(entry.transaction);
  }
  proto.set_digest(ToProto(packages.digest));
  proto.set_changed_us(absl::ToUnixMicros(packages.changed));
  proto.set_run(packages.run);
  for (const std::string& transaction : packages.transactions) {
    proto.add_transactions(transaction);
  }
  return proto;
}

absl::StatusOr<resource::PackageReport> FromProto(const v1::Packages& packages) {
  if (packages.entries_size() > kMostEntries || packages.transactions_size() > kMostEntries) {
    return InvalidArgument(
        "{} packages; at most {} are kept", packages.entries_size(), kMostEntries);
  }
  if (packages.changed_us() < 0 || packages.changed_us() > kLatest ||
      packages.run().size() > kMostRunBytes) {
    return InvalidArgument("packages changed at {} microseconds by run \"{}\", which is none",
                           packages.changed_us(),
                           packages.run().substr(0, kMostRunBytes));
  }
  resource::PackageReport out;
  out.whole = packages.whole();
  std::set<std::string_view> names;
  for (const v1::Packages::Entry& entry : packages.entries()) {
    ASSIGN_OR_RETURN(resource::PackageEntry one, FromProto(entry, out.whole));
    if (!names.insert(entry.name()).second) {
      return InvalidArgument("package {} is told of twice", entry.name());
    }
    out.entries.push_back(std::move(one));
  }
  ASSIGN_OR_RETURN(out.digest, DigestFromProto(packages.digest()));
  out.changed = absl::FromUnixMicros(packages.changed_us());
  out.run = packages.run();
  for (const std::string& transaction : packages.transactions()) {
    out.transactions.push_back(transaction.substr(0, kMostTransactionBytes));
  }
  return out;
}

}  // namespace fettle::wire
