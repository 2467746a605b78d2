// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "modules/check/check.h"
#include "modules/check/endpoint.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

constexpr std::array<std::string_view, 4> kKinds = {"command", "file", "http", "tcp"};

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr std::size_t kMostBytes = 200;
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' || c < 0; });
  if (Trim(name).empty() || name.size() > kMostBytes || !printable) {
    return InvalidArgument("\"{}\" is no name for a check: expected one short line", name);
  }
  return std::string(Trim(name));
}

absl::Status CheckHttp(const Attributes& attributes) {
  const std::string url = attributes.String("http", "http://");
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return InvalidArgument("http: expected an address such as \"http://127.0.0.1/\", found \"{}\"",
                           url);
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view /*name*/, const Attributes& attributes) {
  const auto kinds = std::count_if(
      kKinds.begin(), kKinds.end(), [&](std::string_view kind) { return attributes.Has(kind); });
  if (kinds != 1) {
    return InvalidArgument("give one of http, tcp, command or file, and only one");
  }
  for (const auto& [name, value] : attributes.all()) {
    if (value.HasSecret()) {
      return InvalidArgument(
          "{}: a check's question and answer are shown in reports, so it can hold no secret", name);
    }
  }
  RETURN_IF_ERROR(CheckHttp(attributes));
  if (Endpoint endpoint;
      attributes.Has("tcp") && !ParseEndpoint(attributes.String("tcp", ""), &endpoint)) {
    return InvalidArgument("tcp: expected \"host:port\" or \"[address]:port\", found \"{}\"",
                           attributes.String("tcp", ""));
  }
  if (attributes.Has("expect") && !attributes.Has("http") && !attributes.Has("command")) {
    return InvalidArgument("expect: is the status of an http check or the exit code of a command");
  }
  if (attributes.Has("contains") && attributes.Has("tcp")) {
    return InvalidArgument("contains: a tcp check only connects, so there is no text to look at");
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view /*name*/, const Attributes& attributes) {
  resource::Footprint footprint;
  if (attributes.Has("file")) {
    footprint.needs.push_back(fmt::format("path:{}", attributes.String("file", "")));
  }
  return footprint;
}

std::vector<AttributeSchema> CheckAttributes() {
  return {
      {.name = "http", .doc = "The address that must answer a GET; redirects are not followed."},
      {.name = "tcp", .doc = "The \"host:port\" that must accept a connection."},
      {.name = "command",
       .type = AttributeType::kCommand,
       .doc = "A command that only looks and must succeed."},
      {.name = "file", .type = AttributeType::kPath, .doc = "The path at which something must be."},
      {.name = "expect",
       .type = AttributeType::kInteger,
       .doc = "The status of the http answer (200 if not said), or the exit code of the command (0 "
              "if not said).",
       .min = 0,
       .max = 999,
       .parameter = true},
      {.name = "contains",
       .doc = "Text that the answer, the output or the file must hold.",
       .parameter = true},
      {.name = "within",
       .type = AttributeType::kDuration,
       .doc = "How long to go on trying until it holds; a plan or an audit looks once.",
       .default_value = "0s",
       .parameter = true},
      {.name = "interval",
       .type = AttributeType::kDuration,
       .doc = "The pause between two tries.",
       .default_value = "1s",
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& CheckSchema() {
  static const resource::Schema kSchema{
      .type = "check",
      .doc =
          "Something that must hold: an answer, an open port, a command that succeeds, a file. "
          "It is looked at and never changed; what requires it is skipped when it fails.",
      .name_doc = "What is checked, in a few words.",
      .example =
          "check \"the site answers\" {\n"
          "  http = \"http://127.0.0.1/healthz\", contains = \"ok\", within = \"5s\",\n"
          "}\n",
      .attributes = CheckAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
      .read_only = true,
  };
  return kSchema;
}

}  // namespace fettle::modules
