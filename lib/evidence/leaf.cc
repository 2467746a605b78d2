// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/leaf.h"

#include <cstddef>

#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "lib/pki/base64.h"

namespace fettle::evidence {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr char kAct[] = "act";
constexpr char kReports[] = "reports";

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Encode(const ActLeaf& leaf) {
  Json json = {{"act", leaf.act},
               {"detail", leaf.detail},
               {"kind", kAct},
               {"time_us", absl::ToUnixMicros(leaf.time)},
               {"who", leaf.who}};
  if (!leaf.host.empty()) {
    json["host"] = leaf.host;
  }
  if (!leaf.data.empty()) {
    json["data"] = leaf.data;
  }
  return Dump(json);
}

std::string Encode(const ReportsLeaf& leaf) {
  Json json = {{"after", leaf.after},
               {"digest", pki::Base64Encode(leaf.digest.Raw())},
               {"epoch", leaf.epoch},
               {"host", leaf.host},
               {"kind", kReports},
               {"last", leaf.last},
               {"time_us", absl::ToUnixMicros(leaf.time)}};
  if (!leaf.key.empty()) {
    json["key"] = pki::Base64Encode(leaf.key);
    json["signature"] = pki::Base64Encode(leaf.signature);
  }
  return Dump(json);
}

// The members of one JSON object; what is missing or of another type reads as empty, which the
// comparison with the original bytes then finds.
class Members {
 public:
  explicit Members(const Json& json) : json_(json) {}

  std::string Text(const char* name) const {
    const auto found = json_.find(name);
    return found != json_.end() && found->is_string() ? found->get<std::string>() : "";
  }

  uint64_t Number(const char* name) const {
    const auto found = json_.find(name);
    return found != json_.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
  }

  absl::Time Time(const char* name) const {
    const auto found = json_.find(name);
    return absl::FromUnixMicros(
        found != json_.end() && found->is_number_integer() ? found->get<int64_t>() : 0);
  }

  std::string Bytes(const char* name) const {
    std::string bytes;
    return pki::Base64Decode(Text(name), &bytes) ? bytes : "";
  }

 private:
  const Json& json_;
};

ActLeaf ReadAct(const Json& json) {
  const Members members(json);
  ActLeaf leaf;
  leaf.time = members.Time("time_us");
  leaf.who = members.Text("who");
  leaf.act = members.Text("act");
  leaf.detail = members.Text("detail");
  leaf.host = members.Text("host");
  if (const auto data = json.find("data"); data != json.end() && data->is_object()) {
    for (const auto& [name, value] : data->items()) {
      leaf.data[name] = value.is_string() ? value.get<std::string>() : "";
    }
  }
  return leaf;
}

ReportsLeaf ReadReports(const Json& json) {
  const Members members(json);
  ReportsLeaf leaf;
  leaf.time = members.Time("time_us");
  leaf.host = members.Text("host");
  leaf.epoch = members.Text("epoch");
  leaf.after = members.Number("after");
  leaf.last = members.Number("last");
  leaf.digest = Digest::FromRaw(members.Bytes("digest")).value_or(Digest{});
  leaf.key = members.Bytes("key");
  leaf.signature = members.Bytes("signature");
  return leaf;
}

}  // namespace

std::string EncodeLeaf(const Leaf& leaf) {
  return std::visit([](const auto& one) { return Encode(one); }, leaf);
}

absl::StatusOr<Leaf> DecodeLeaf(std::string_view bytes) {
  const absl::Status bad = InvalidArgument("this is no leaf of an evidence log");
  if (bytes.size() > kMostBytes) {
    return bad;
  }
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object()) {
    return bad;
  }
  const std::string kind = Members(json).Text("kind");
  const Leaf leaf = kind == kReports ? Leaf(ReadReports(json)) : Leaf(ReadAct(json));
  return EncodeLeaf(leaf) == bytes ? absl::StatusOr<Leaf>(leaf) : bad;
}

absl::Time TimeOf(const Leaf& leaf) {
  return std::visit([](const auto& one) { return one.time; }, leaf);
}

const std::string& HostOf(const Leaf& leaf) {
  return std::visit([](const auto& one) -> const std::string& { return one.host; }, leaf);
}

}  // namespace fettle::evidence
