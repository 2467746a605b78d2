// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/status_macros.h"
#include "modules/line/line.h"
#include "modules/line/pattern.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr std::size_t kMostBytes = 200;
  const bool ok = !name.empty() && name.size() <= kMostBytes && name.front() != ' ' &&
                  name.back() != ' ' &&
                  std::none_of(name.begin(), name.end(), [](char c) { return c >= 0 && c < ' '; });
  if (!ok) {
    return InvalidArgument(
        "\"{}\" is no name of a line: expected at most {} characters in one line, as in \"sshd: "
        "no root\"",
        name,
        kMostBytes);
  }
  return std::string(name);
}

absl::Status CheckPatterns(const Attributes& attributes) {
  for (const char* const name : {"match", "insert_after", "insert_before"}) {
    const std::string text = attributes.String(name, "EOF");
    if (text != "EOF" && text != "BOF") {
      RETURN_IF_ERROR(Annotate(Pattern::Compile(text).status(), name));
    }
  }
  if (attributes.Has("insert_after") && attributes.Has("insert_before")) {
    return InvalidArgument("insert_after and insert_before: say one of them");
  }
  return absl::OkStatus();
}

absl::Status CheckLine(const Attributes& attributes) {
  if (attributes.String("line", "").find_first_of("\n\r") != std::string::npos) {
    return InvalidArgument("line: holds a line break; several lines are a `block`");
  }
  if (attributes.Has("block") && (attributes.Has("line") || attributes.Has("match"))) {
    return InvalidArgument("block: cannot stand with line or match; declare two resources");
  }
  if (attributes.Has("line") || attributes.Has("block")) {
    return absl::OkStatus();
  }
  const bool absent = attributes.Bool("absent", false);
  if (!absent || !attributes.Has("match")) {
    return InvalidArgument("say `line` or `block`{}",
                           absent ? ", or `match` for what is to go" : "");
  }
  return absl::OkStatus();
}

absl::Status CheckMarker(std::string_view name, const Attributes& attributes) {
  const std::string marker = attributes.String("marker", "# {mark} {name}");
  if (marker.find("{mark}") == std::string::npos ||
      marker.find_first_of("\n\r") != std::string::npos) {
    return InvalidArgument(
        "marker: is one line with \"{{mark}}\" in it, which stands for BEGIN and END");
  }
  const std::string block = attributes.String("block", "");
  if (block.find("BEGIN " + std::string(name)) != std::string::npos ||
      block.find("END " + std::string(name)) != std::string::npos) {
    return InvalidArgument("block: holds its own marker");
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view name, const Attributes& attributes) {
  if (!attributes.Has("path")) {
    return InvalidArgument("path: is required, the absolute path of the file");
  }
  RETURN_IF_ERROR(CheckLine(attributes));
  RETURN_IF_ERROR(CheckMarker(name, attributes));
  const std::vector<std::string> words = attributes.StringList("validate");
  if (!words.empty() && std::none_of(words.begin(), words.end(), [](const std::string& word) {
        return word.find("%s") != std::string::npos;
      })) {
    return InvalidArgument("validate: has no \"%s\", which stands for the new file");
  }
  return CheckPatterns(attributes);
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  const std::string path = attributes.String("path", "/");
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("line:{}:{}", path, name));
  // Not owned: several lines, and a `file` that seeds it, may share one file; not one that fills
  // it.
  footprint.needs.push_back(fmt::format("content:{}", path));
  footprint.needs.push_back(fmt::format("path:{}", path));
  if (const std::size_t slash = path.rfind('/'); slash != 0 && slash != std::string::npos) {
    footprint.needs.push_back(fmt::format("path:{}", path.substr(0, slash)));
  }
  return footprint;
}

std::vector<AttributeSchema> StateAttributes() {
  return {
      {.name = "path",
       .type = AttributeType::kPath,
       .doc = "The file that holds it; required, also with absent."},
      {.name = "line", .doc = "The line that is to be there exactly once, without its newline."},
      {.name = "block",
       .doc = "Lines that are to stand there exactly once, between two marker lines."},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether the line (every line that equals or matches), or the block, is to be gone."},
  };
}

std::vector<AttributeSchema> ParameterAttributes() {
  return {
      {.name = "match",
       .doc =
           "POSIX extended regular expression for the lines that stand for the same setting: the "
           "first becomes the line, all others go.",
       .parameter = true},
      {.name = "insert_after",
       .doc = "Where new text goes: after the last line that matches this regular expression, or "
              "\"EOF\".",
       .parameter = true},
      {.name = "insert_before",
       .doc = "Where new text goes: before the first line that matches this regular expression, or "
              "\"BOF\".",
       .parameter = true},
      {.name = "marker",
       .doc = "The marker lines of a block: {mark} stands for BEGIN and END, {name} for the "
              "resource's name.",
       .default_value = "# {mark} {name}",
       .parameter = true},
      {.name = "validate",
       .type = AttributeType::kCommand,
       .doc = "A command that must succeed before the changed file takes the old one's place; %s "
              "stands for it.",
       .parameter = true},
      {.name = "create",
       .type = AttributeType::kBool,
       .doc = "Whether a missing file is made.",
       .default_value = false,
       .parameter = true},
      {.name = "mode",
       .type = AttributeType::kMode,
       .doc = "Permission bits of a file that is made; 0644 if not said.",
       .parameter = true},
      {.name = "owner",
       .doc = "The owner of a file that is made; root if not said.",
       .parameter = true},
      {.name = "group",
       .doc = "The group of a file that is made; root if not said.",
       .parameter = true},
      {.name = "in_place",
       .type = AttributeType::kBool,
       .doc = "Whether the same inode is overwritten, for files with several hard links and "
              "bind-mounted ones; not safe against power loss.",
       .default_value = false,
       .parameter = true},
  };
}

std::vector<AttributeSchema> LineAttributes() {
  std::vector<AttributeSchema> all = StateAttributes();
  std::vector<AttributeSchema> parameters = ParameterAttributes();
  all.insert(all.end(), parameters.begin(), parameters.end());
  return all;
}

}  // namespace

const resource::Schema& LineSchema() {
  static const resource::Schema kSchema{
      .type = "line",
      .doc = "One line, or one marked block of lines, in a file that others write as well.",
      .name_doc = "Any text that names it, once in a file; it stands in a block's markers.",
      .example =
          "line \"sshd: no root\" {\n"
          "  path     = \"/etc/ssh/sshd_config\",\n"
          "  line     = \"PermitRootLogin no\",\n"
          "  match    = \"^#?PermitRootLogin \",\n"
          "  validate = \"sshd -t -f %s\",\n"
          "}\n",
      .attributes = LineAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
