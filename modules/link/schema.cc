// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/status_macros.h"
#include "modules/link/link.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  ASSIGN_OR_RETURN(std::string path, resource::CanonicalPath(name));
  if (path == "/") {
    return InvalidArgument("\"/\" is a directory, no link");
  }
  return path;
}

absl::Status Check(std::string_view name, const Attributes& attributes) {
  if (attributes.Bool("absent", false)) {
    return absl::OkStatus();
  }
  const std::string target = attributes.String("target", "");
  if (target.empty() || target.find('\0') != std::string::npos) {
    return InvalidArgument("target: is empty or holds a NUL byte");
  }
  if (target == name) {
    return InvalidArgument("target: \"{}\" is the link itself", target);
  }
  if (attributes.Bool("hard", false) && target.front() != '/') {
    return InvalidArgument("target: a hard link needs the absolute path of a file, not \"{}\"",
                           target);
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("path:{}", name));
  if (attributes.Bool("absent", false)) {
    return footprint;
  }
  footprint.provides.push_back(fmt::format("path:{}", name));
  if (const std::size_t slash = name.rfind('/'); slash > 0) {
    footprint.needs.push_back(fmt::format("path:{}", name.substr(0, slash)));
  }
  // A symbolic link may well lead nowhere yet; a hard link cannot.
  if (attributes.Bool("hard", false)) {
    footprint.needs.push_back(fmt::format("path:{}", attributes.String("target", "")));
  }
  return footprint;
}

}  // namespace

const resource::Schema& LinkSchema() {
  static const resource::Schema kSchema{
      .type = "link",
      .doc = "A symbolic link, or a further name of a file (a hard link).",
      .name_doc = "The absolute path of the link.",
      .example =
          "link \"/etc/nginx/sites-enabled/shop\" { target = \"../sites-available/shop\" }\n",
      .attributes =
          {
              {.name = "target",
               .doc =
                   "Where the link leads, as written into it: absolute, or relative to the link's "
                   "directory; it need not exist.",
               .required = true},
              {.name = "absent",
               .type = AttributeType::kBool,
               .doc = "Whether there is to be no such link."},
              {.name = "hard",
               .type = AttributeType::kBool,
               .doc = "Whether it is a hard link: another name of the existing file that target "
                      "names.",
               .default_value = false,
               .parameter = true},
              {.name = "force",
               .type = AttributeType::kBool,
               .doc =
                   "Whether a file or directory that stands in the way is removed, with all below "
                   "it.",
               .default_value = false,
               .parameter = true},
          },
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
