// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "modules/file/file.h"
#include "modules/file/source.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  ASSIGN_OR_RETURN(std::string path, resource::CanonicalPath(name));
  if (path == "/") {
    return InvalidArgument("\"/\" is a directory, no file");
  }
  return path;
}

absl::Status CheckContent(const Attributes& attributes) {
  if (attributes.Has("content") && attributes.Has("source")) {
    return InvalidArgument("content and source: a file has one of them; leave one out");
  }
  const bool managed = attributes.Has("content") || attributes.Has("source");
  if (attributes.Bool("absent", false) && managed) {
    return InvalidArgument("absent: a file that is not to be there has no content; leave it out");
  }
  if (attributes.Has("source")) {
    RETURN_IF_ERROR(Annotate(ParseSource(attributes.String("source", "")).status(), "source"));
  }
  if (!attributes.Has("validate")) {
    return absl::OkStatus();
  }
  const std::vector<std::string> words = attributes.StringList("validate");
  const bool names_file = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word.find("%s") != std::string::npos;
  });
  if (!names_file) {
    return InvalidArgument(
        "validate: has no \"%s\", which stands for the new file, as in \"visudo -cf %s\"");
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view /*name*/, const Attributes& attributes) {
  for (const char* const account : {"owner", "group"}) {
    const std::string text = attributes.String(account, "root");
    if (text.empty() || text.find_first_of(":/ \t\n") != std::string::npos) {
      return InvalidArgument("{}: \"{}\" is neither a name nor a number", account, text);
    }
  }
  if (attributes.Bool("follow", false) && attributes.Bool("force", false)) {
    return InvalidArgument(
        "follow and force contradict each other: one keeps a link, the other replaces it");
  }
  return CheckContent(attributes);
}

// The unit that a file in systemd's directories makes or changes: "nginx.service" for
// /etc/systemd/system/nginx.service and for …/nginx.service.d/limits.conf; "" for other files.
std::string UnitOf(std::string_view path) {
  for (const std::string_view directory : {"/etc/systemd/system/",
                                           "/run/systemd/system/",
                                           "/lib/systemd/system/",
                                           "/usr/lib/systemd/system/"}) {
    if (!path.starts_with(directory)) {
      continue;
    }
    const std::vector<std::string_view> parts = Split(path.substr(directory.size()), '/');
    if (parts.size() == 1) {
      return std::string(parts[0]);
    }
    if (parts.size() == 2 && parts[0].ends_with(".d")) {
      return std::string(parts[0].substr(0, parts[0].size() - 2));
    }
  }
  return "";
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("path:{}", name));
  const bool absent = attributes.Bool("absent", false);
  const bool managed = attributes.Has("content") || attributes.Has("source");
  if (absent || (managed && attributes.Bool("replace", true))) {
    footprint.provides.push_back(fmt::format("content:{}", name));
  }
  if (absent) {
    return footprint;
  }
  footprint.provides.push_back(fmt::format("path:{}", name));
  if (const std::string unit = UnitOf(name); !unit.empty()) {
    footprint.provides.push_back(fmt::format("unit:{}", unit));
  }
  if (const std::size_t slash = name.rfind('/'); slash > 0) {
    footprint.needs.push_back(fmt::format("path:{}", name.substr(0, slash)));
  }
  const std::string owner = attributes.String("owner", "0");
  if (!IsNumber(owner)) {
    footprint.needs.push_back(fmt::format("user:{}", owner));
  }
  const std::string group = attributes.String("group", "0");
  if (!IsNumber(group)) {
    footprint.needs.push_back(fmt::format("group:{}", group));
  }
  return footprint;
}

std::vector<AttributeSchema> StateAttributes() {
  return {
      {.name = "content", .doc = "The text that the file holds, exactly; may be secret."},
      {.name = "source",
       .doc = "The file below the recipe's files/ whose bytes it holds, as \"nginx.conf\"."},
      {.name = "mode",
       .type = AttributeType::kMode,
       .doc = "Permission bits as text; a new file without it gets 0644, or 0600 if its content is "
              "secret."},
      {.name = "owner",
       .doc = "The local user who owns it, by name or number; a new file without it is root's."},
      {.name = "group",
       .doc = "The local group it belongs to, by name or number; a new file without it is root's."},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether there is to be no such file."},
  };
}

std::vector<AttributeSchema> ParameterAttributes() {
  return {
      {.name = "template",
       .doc = "The file below the recipe's templates/ that is rendered into the content.",
       .parameter = true},
      {.name = "vars",
       .type = AttributeType::kStringMap,
       .doc = "What the template sees as `vars`, besides params, host and data.",
       .parameter = true},
      {.name = "replace",
       .type = AttributeType::kBool,
       .doc = "Whether content that differs is replaced; false writes a missing file once and then "
              "leaves its content alone.",
       .default_value = true,
       .parameter = true},
      {.name = "validate",
       .type = AttributeType::kCommand,
       .doc = "A command that must succeed before new content takes the old one's place; %s stands "
              "for the new file.",
       .parameter = true},
      {.name = "follow",
       .type = AttributeType::kBool,
       .doc = "Whether the file that a link leads to is managed instead of refusing the link.",
       .default_value = false,
       .parameter = true},
      {.name = "force",
       .type = AttributeType::kBool,
       .doc =
           "Whether a link or special file that stands in the way is replaced; a directory never "
           "is.",
       .default_value = false,
       .parameter = true},
      {.name = "in_place",
       .type = AttributeType::kBool,
       .doc = "Whether the same inode is overwritten, for files with several hard links and "
              "bind-mounted ones; not safe against power loss.",
       .default_value = false,
       .parameter = true},
  };
}

std::vector<AttributeSchema> FileAttributes() {
  std::vector<AttributeSchema> all = StateAttributes();
  std::vector<AttributeSchema> parameters = ParameterAttributes();
  all.insert(all.end(), parameters.begin(), parameters.end());
  return all;
}

}  // namespace

const resource::Schema& FileSchema() {
  static const resource::Schema kSchema{
      .type = "file",
      .doc = "A regular file: its content, owner and mode. What is not said is left as it is.",
      .name_doc = "The absolute path of the file.",
      .example =
          "file \"/etc/sudoers.d/deploy\" {\n"
          "  content  = \"deploy ALL=(root) NOPASSWD: /usr/bin/systemctl\\n\",\n"
          "  mode     = \"0440\",\n"
          "  validate = \"visudo -cf %s\",\n"
          "}\n",
      .attributes = FileAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
