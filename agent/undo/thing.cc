// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/thing.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/base/bytes.h"

namespace fettle::undo {
namespace {

using resource::Attributes;

constexpr std::string_view kDirectory = "directory";
constexpr uint64_t kMostNumber = 0xFFFFFFFFU;

// What follows `prefix`, or "".
std::string After(const std::string& text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : "";
}

// Whether a directory resource changes more than the directory itself.
bool ReachesBelow(const Attributes& attributes) {
  return attributes.Bool("absent", false) || attributes.Bool("purge", false) ||
         attributes.Bool("recurse", false);
}

Kind KindOfPath(const resource::Declaration& declaration) {
  if (declaration.attributes.Bool("follow", false)) {
    return Kind::kTarget;
  }
  const bool below = declaration.type == kDirectory ? ReachesBelow(declaration.attributes)
                                                    : declaration.attributes.Bool("force", false);
  return below ? Kind::kTree : Kind::kPath;
}

// An account comes with a group of its own name and, if it is made with one, a home.
void AddUser(const std::string& name,
             const Attributes& attributes,
             const resource::Footprint& footprint,
             std::vector<Thing>* things) {
  things->push_back({Kind::kGroup, name});
  things->push_back({Kind::kUser, name});
  for (const std::string& provided : footprint.provides) {
    if (std::string home = After(provided, "path:"); !home.empty()) {
      things->push_back({Kind::kTree, std::move(home)});
    }
  }
  const bool made = !attributes.Bool("absent", false) &&
                    attributes.Bool("create_home", !attributes.Bool("system", false));
  if ((made || attributes.Bool("remove_home", false)) && !attributes.Has("home")) {
    things->push_back({Kind::kTree, fmt::format("/home/{}", name)});
  }
}

// "root/backup" is an entry of /var/spool/cron/crontabs/root.
void AddCron(const std::string& entry, const Attributes& attributes, std::vector<Thing>* things) {
  if (attributes.Bool("crontab", false)) {
    things->push_back(
        {Kind::kPath,
         fmt::format("/var/spool/cron/crontabs/{}", entry.substr(0, entry.find('/')))});
  }
}

void AddOwned(const std::string& owned,
              const resource::Declaration& declaration,
              const resource::Footprint& footprint,
              std::vector<Thing>* things) {
  if (std::string path = After(owned, "path:"); !path.empty()) {
    things->push_back({KindOfPath(declaration), std::move(path)});
  } else if (!After(owned, "line:").empty()) {
    things->push_back({KindOfPath(declaration), declaration.attributes.String("path", "/")});
  } else if (std::string key = After(owned, "sysctl:"); !key.empty()) {
    things->push_back({Kind::kSysctl, std::move(key)});
  } else if (const std::string user = After(owned, "user:"); !user.empty()) {
    AddUser(user, declaration.attributes, footprint, things);
  } else if (std::string group = After(owned, "group:"); !group.empty()) {
    things->push_back({Kind::kGroup, std::move(group)});
  } else if (std::string unit = After(owned, "service:"); !unit.empty()) {
    things->push_back({Kind::kUnit, std::move(unit)});
  } else if (!After(owned, "package:").empty()) {
    things->push_back({Kind::kPackages, ""});
  } else if (const std::string entry = After(owned, "cron:"); !entry.empty()) {
    AddCron(entry, declaration.attributes, things);
  }
}

}  // namespace

std::vector<std::string> Differing(const Parts& a, const Parts& b) {
  std::vector<std::string> differing;
  for (const auto& [part, bytes] : a) {
    if (const auto other = b.find(part); other == b.end() || other->second != bytes) {
      differing.push_back(part);
    }
  }
  for (const auto& [part, bytes] : b) {
    if (!a.contains(part)) {
      differing.push_back(part);
    }
  }
  std::sort(differing.begin(), differing.end());
  return differing;
}

std::string_view PartOf(const Parts& parts, const std::string& part) {
  const auto found = parts.find(part);
  return found == parts.end() ? std::string_view() : found->second;
}

std::vector<Thing> ThingsOf(const resource::Declaration& declaration,
                            const resource::Footprint& footprint) {
  std::vector<Thing> things;
  for (const std::string& owned : footprint.owns) {
    AddOwned(owned, declaration, footprint, &things);
  }
  return things;
}

std::string Describe(const Thing& thing) {
  switch (thing.kind) {
    case Kind::kUser:
      return fmt::format("user {}", thing.name);
    case Kind::kGroup:
      return fmt::format("group {}", thing.name);
    case Kind::kPackages:
      return "packages";
    default:
      return thing.name;
  }
}

std::string DescribePart(const Thing& thing, const std::string& part) {
  switch (thing.kind) {
    case Kind::kTree:
      return part.empty() ? thing.name : fmt::format("{}/{}", thing.name, part);
    case Kind::kPackages:
      return fmt::format("package {}", part);
    case Kind::kTarget:
      return part;
    case Kind::kUser:
    case Kind::kGroup:
    case Kind::kUnit:
      return fmt::format("{} ({})", Describe(thing), part);
    default:
      return Describe(thing);
  }
}

std::string EncodeFile(const FilePart& file) {
  ByteWriter out;
  out.Number(static_cast<uint64_t>(file.kind));
  out.Number(file.mode);
  out.Number(file.uid);
  out.Number(file.gid);
  out.Flag(file.shared);
  out.Raw(file.content.Raw());
  out.Text(file.target);
  return out.Take();
}

FilePart DecodeFile(std::string_view bytes) {
  ByteReader in(bytes);
  FilePart file;
  file.kind = static_cast<sys::FileKind>(in.Number(static_cast<uint64_t>(sys::FileKind::kOther)));
  file.mode = static_cast<uint32_t>(in.Number(kMostNumber));
  file.uid = static_cast<uint32_t>(in.Number(kMostNumber));
  file.gid = static_cast<uint32_t>(in.Number(kMostNumber));
  file.shared = in.Flag();
  file.content = Digest::FromRaw(in.Raw(file.content.bytes.size())).value_or(Digest());
  file.target = in.Text();
  return file;
}

std::string EncodePackage(const PackagePart& package) {
  ByteWriter out;
  out.Text(package.version);
  out.Text(package.architecture);
  out.Flag(package.held);
  out.Flag(package.broken);
  return out.Take();
}

PackagePart DecodePackage(std::string_view bytes) {
  ByteReader in(bytes);
  PackagePart package;
  package.version = in.Text();
  package.architecture = in.Text();
  package.held = in.Flag();
  package.broken = in.Flag();
  return package;
}

std::string EncodeAccount(const sys::User& user) {
  ByteWriter out;
  out.Number(user.uid);
  out.Number(user.gid);
  out.Text(user.comment);
  out.Text(user.home);
  out.Text(user.shell);
  out.Signed(user.expires_day);
  return out.Take();
}

void DecodeAccount(std::string_view bytes, sys::User* user) {
  ByteReader in(bytes);
  user->uid = static_cast<uint32_t>(in.Number(kMostNumber));
  user->gid = static_cast<uint32_t>(in.Number(kMostNumber));
  user->comment = in.Text();
  user->home = in.Text();
  user->shell = in.Text();
  user->expires_day = in.Signed();
}

std::string EncodePassword(const sys::User& user) {
  ByteWriter out;
  out.Text(user.password_hash);
  out.Flag(user.locked);
  return out.Take();
}

void DecodePassword(std::string_view bytes, sys::User* user) {
  ByteReader in(bytes);
  user->password_hash = in.Text();
  user->locked = in.Flag();
}

std::string EncodeNames(const std::vector<std::string>& names) {
  ByteWriter out;
  out.Texts(names);
  return out.Take();
}

std::vector<std::string> DecodeNames(std::string_view bytes) {
  return bytes.empty() ? std::vector<std::string>() : ByteReader(bytes).Texts();
}

}  // namespace fettle::undo
