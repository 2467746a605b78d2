// SPDX-License-Identifier: Apache-2.0
#include "cli/local/doc_text.h"

#include <fmt/ranges.h>

namespace fettle::cli {
namespace {

using resource::AttributeSchema;
using resource::AttributeType;

std::string_view TypeName(AttributeType type) {
  switch (type) {
    case AttributeType::kBool:
      return "boolean";
    case AttributeType::kInteger:
      return "integer";
    case AttributeType::kString:
      return "text";
    case AttributeType::kStringList:
      return "list of texts";
    case AttributeType::kStringMap:
      return "table of texts";
    case AttributeType::kPath:
      return "absolute path";
    case AttributeType::kMode:
      return "mode (\"0644\")";
    case AttributeType::kDuration:
      return "duration (\"5s\")";
    case AttributeType::kCommand:
      return "command (list, or words without quoting)";
  }
  return "";
}

// "text, one of a, b; default a; required; secret".
std::string Facts(const AttributeSchema& attribute) {
  std::string text(TypeName(attribute.type));
  if (!attribute.allowed.empty()) {
    text += fmt::format(", one of {}", fmt::join(attribute.allowed, ", "));
  }
  if (attribute.min.has_value()) {
    text += fmt::format(", at least {}", *attribute.min);
  }
  if (attribute.max.has_value()) {
    text += fmt::format(", at most {}", *attribute.max);
  }
  if (attribute.required) {
    text += "; required";
  }
  if (!attribute.default_value.absent()) {
    text += fmt::format("; default {}", attribute.default_value.ToLua());
  }
  if (attribute.secret) {
    text += "; secret, never shown";
  }
  return text;
}

std::string Indented(std::string_view text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') {
      out += "  ";
    }
  }
  return out;
}

// `|` ends a cell of a Markdown table.
std::string CellText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

}  // namespace

std::string DocText(const resource::Schema& schema) {
  std::string text =
      fmt::format("{} \"NAME\": {}\n  NAME is {}.\n", schema.type, schema.doc, schema.name_doc);
  text += "\nAttributes (those not declared are left alone):\n";
  for (const AttributeSchema& attribute : schema.attributes) {
    text += fmt::format(
        "  {:<18} {}\n  {:<18} {}\n", attribute.name, attribute.doc, "", Facts(attribute));
  }
  return text + fmt::format("\nExample:\n{}\n", Indented(schema.example));
}

std::string DocMarkdown(const resource::Schema& schema) {
  std::string text = fmt::format(
      "# {}\n\n<!-- Made from the type's schema by `fettle doc --markdown`. Do not edit. -->\n\n"
      "{}\n\nIts name is {}.\n\n```lua\n{}\n```\n\n",
      schema.type,
      schema.doc,
      schema.name_doc,
      schema.example);
  text += "| attribute | what it is | |\n|---|---|---|\n";
  for (const AttributeSchema& attribute : schema.attributes) {
    text += fmt::format("| `{}` | {} | {} |\n",
                        attribute.name,
                        CellText(Facts(attribute)),
                        CellText(attribute.doc));
  }
  return text +
         "\nWhat every resource takes besides stands in [common "
         "attributes](../common-attributes.md).\n";
}

}  // namespace fettle::cli
