// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/digest/digest.h"
#include "lib/resource/catalog.h"
#include "lib/resource/schema.h"
#include "lib/sys/accounts.h"
#include "lib/sys/files.h"
#include "lib/sys/packages.h"

namespace fettle::undo {

enum class Kind : uint8_t {
  kPath,      // What stands at a path; of a directory, itself alone.
  kTree,      // A path with all below it.
  kSysctl,    // A live kernel setting.
  kUser,      // A local account.
  kGroup,     // A local group.
  kUnit,      // A systemd unit: active, enabled, masked.
  kPackages,  // All installed packages with their versions. Has no name.
  kTarget,    // What a path leads to, through links.
};

// Something of a host that a run changes and that can be put back.
struct Thing {
  Kind kind = Kind::kPath;
  std::string name;
  bool operator==(const Thing&) const = default;
};

// What a thing was at one moment, by its parts; a part that was not there has no entry. Parts
// compare as bytes, so that two looks at the same state are equal. Names of parts: of a path or
// tree the path below it ("" for itself), of a target its own path, of a user "account", "password"
// and "groups", of a group "gid" and "members", of a unit "active", "enabled", "masked", of
// packages their names.
using Parts = std::map<std::string, std::string>;

// Whether its parts are FileParts.
inline bool IsFiles(Kind kind) {
  return kind == Kind::kPath || kind == Kind::kTree || kind == Kind::kTarget;
}

// The parts of which `a` and `b` say different things.
std::vector<std::string> Differing(const Parts& a, const Parts& b);

// What `parts` says of `part`; "" when it was not there.
std::string_view PartOf(const Parts& parts, const std::string& part);

// The things that a resource may change, in the order in which they would be made.
std::vector<Thing> ThingsOf(const resource::Declaration& declaration,
                            const resource::Footprint& footprint);

// "/etc/motd", "user www", "nginx.service", "net.ipv4.ip_forward", "packages".
std::string Describe(const Thing& thing);
// The same of one part: "/srv/x/y", "user www (password)", "package nginx".
std::string DescribePart(const Thing& thing, const std::string& part);

// Forms of parts.

struct FilePart {
  sys::FileKind kind = sys::FileKind::kOther;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool shared = false;  // Has several names (hard links), or is a mount point.
  Digest content;       // Of a regular file.
  std::string target;   // Of a link.
};

std::string EncodeFile(const FilePart& file);
FilePart DecodeFile(std::string_view bytes);

struct PackagePart {
  std::string version;
  std::string architecture;
  bool held = false;
  bool broken = false;
};

std::string EncodePackage(const PackagePart& package);
PackagePart DecodePackage(std::string_view bytes);

// A user without its password, and its password alone.
std::string EncodeAccount(const sys::User& user);
std::string EncodePassword(const sys::User& user);
// Fills in what the part says.
void DecodeAccount(std::string_view bytes, sys::User* user);
void DecodePassword(std::string_view bytes, sys::User* user);

// Texts with nothing in between that a name can hold.
std::string EncodeNames(const std::vector<std::string>& names);
std::vector<std::string> DecodeNames(std::string_view bytes);

}  // namespace fettle::undo
