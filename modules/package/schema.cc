// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "modules/package/package.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsLowerAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Debian policy 5.6.7, and ":architecture".
// dpkg's word for the machine this program was built for, which runs where it is evaluated.
#if defined(__x86_64__)
constexpr std::string_view kNativeArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kNativeArchitecture = "arm64";
#else
constexpr std::string_view kNativeArchitecture = "";  // Not known: names stay as they are written.
#endif

// "bash:amd64" is "bash" where that is native.
absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  const std::vector<std::string_view> parts = Split(name, ':');
  const std::string_view base = parts.front();
  const bool base_ok = base.size() >= 2 && IsLowerAlnum(base.front()) &&
                       std::all_of(base.begin(), base.end(), [](char c) {
                         return IsLowerAlnum(c) || c == '+' || c == '-' || c == '.';
                       });
  const bool architecture_ok =
      parts.size() == 1 || (parts.size() == 2 && !parts[1].empty() &&
                            std::all_of(parts[1].begin(), parts[1].end(), [](char c) {
                              return IsLowerAlnum(c) || c == '-';
                            }));
  if (!base_ok || !architecture_ok) {
    return InvalidArgument(
        "\"{}\" is no package name: expected lower-case letters, digits, \"+\", \"-\", \".\", and "
        "perhaps an architecture, as in \"nginx-light\" or \"libc6:i386\"",
        name);
  }
  return std::string(parts.back() == kNativeArchitecture ? base : name);
}

absl::Status CheckVersion(std::string_view declared) {
  if (declared.empty() || declared == "latest") {
    return absl::OkStatus();
  }
  std::string_view version = declared;
  if (version.starts_with(">=")) {
    version = Trim(version.substr(2));
  }
  const bool ok = !version.empty() && std::all_of(version.begin(), version.end(), [](char c) {
    return IsAlnum(c) || std::string_view(".+~:-").find(c) != std::string_view::npos;
  });
  if (!ok) {
    return InvalidArgument(
        "version: expected \"1.2-3\", \">= 1.2\", \"latest\" or \"\" for any, found \"{}\"",
        declared);
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view /*name*/, const Attributes& attributes) {
  const std::string version = attributes.String("version", "");
  RETURN_IF_ERROR(CheckVersion(version));
  const bool removed = attributes.Bool("absent", false) || attributes.Bool("purged", false);
  if (attributes.Bool("purged", false) && attributes.Has("absent") &&
      !attributes.Bool("absent", true)) {
    return InvalidArgument(
        "purged = true says absent and more, absent = false the contrary: leave one of them out");
  }
  if (removed && (!version.empty() || attributes.Bool("held", false) || attributes.Has("file"))) {
    return InvalidArgument(
        "a package that is to be absent has no version, file or hold: leave them out");
  }
  if (version == "latest" && attributes.Bool("held", false)) {
    return InvalidArgument(
        "version = \"latest\" and held = true contradict each other: a held package stays as it "
        "is");
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("package:{}", name));
  if (!attributes.Bool("absent", false) && !attributes.Bool("purged", false)) {
    footprint.provides.push_back(fmt::format("package:{}", name));
  }
  if (attributes.Has("file")) {
    footprint.needs.push_back(fmt::format("path:{}", attributes.String("file", "")));
  }
  return footprint;
}

std::vector<AttributeSchema> StateAttributes() {
  return {
      {.name = "version",
       .doc = "The version wanted: \"1.2-3\" exactly, \">= 1.2\" at least, \"latest\" the newest "
              "that the repositories offer, \"\" whichever is there.",
       .default_value = ""},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether the package is to be removed; its configuration files stay."},
      {.name = "purged",
       .type = AttributeType::kBool,
       .doc = "Whether the package is to be removed together with its configuration files."},
      {.name = "held",
       .type = AttributeType::kBool,
       .doc = "Whether the package manager is told to leave the version as it is."},
  };
}

std::vector<AttributeSchema> Parameters() {
  return {
      {.name = "allow_downgrade",
       .type = AttributeType::kBool,
       .doc =
           "Whether a newer version that is installed may be replaced by the older one declared.",
       .default_value = false,
       .parameter = true},
      {.name = "allow_held",
       .type = AttributeType::kBool,
       .doc = "Whether the version may be changed although somebody put the package on hold.",
       .default_value = false,
       .parameter = true},
      {.name = "recommends",
       .type = AttributeType::kBool,
       .doc = "Whether packages that this one recommends are installed as well.",
       .default_value = false,
       .parameter = true},
      {.name = "file",
       .type = AttributeType::kPath,
       .doc = "A .deb on the host to install instead of asking the repositories; give its version "
              "too, so that a newer file is noticed.",
       .parameter = true},
      {.name = "conffiles",
       .doc = "What becomes of a configuration file that was changed on the host when the package "
              "brings a new one: \"keep\" the host's or take the \"new\" one.",
       .default_value = "keep",
       .allowed = {"keep", "new"},
       .parameter = true},
      {.name = "lock_wait",
       .type = AttributeType::kDuration,
       .doc = "How long to wait while another program holds the package manager's lock.",
       .default_value = "5m",
       .parameter = true},
      {.name = "may_remove",
       .type = AttributeType::kStringList,
       .doc = "Packages that may be removed because they stand in the way; removing any other is "
              "refused.",
       .parameter = true},
      {.name = "options",
       .type = AttributeType::kStringList,
       .doc = "Further options for apt-get, such as { \"-t\", \"bookworm-backports\" }.",
       .parameter = true},
      {.name = "repair_broken",
       .type = AttributeType::kBool,
       .doc = "Whether packages left half-configured are configured first, as `dpkg --configure "
              "-a` does.",
       .default_value = false,
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& PackageSchema() {
  static const resource::Schema kSchema = [] {
    resource::Schema schema{
        .type = "package",
        .doc =
            "A package of the distribution: that it is installed or not, in which version, and "
            "whether it is on hold. All packages of a run go into one transaction.",
        .name_doc = "The package's name, with an architecture where it matters: \"libc6:i386\".",
        .example =
            "package \"nginx-light\"\n"
            "package \"postgresql-15\" { version = \"15.8-0+deb12u1\", held = true }\n"
            "package \"telnetd\" { purged = true }\n",
        .attributes = StateAttributes(),
        .canonical_name = CanonicalName,
        .check = Check,
        .footprint = FootprintOf,
    };
    for (AttributeSchema& parameter : Parameters()) {
      schema.attributes.push_back(std::move(parameter));
    }
    return schema;
  }();
  return kSchema;
}

}  // namespace fettle::modules
