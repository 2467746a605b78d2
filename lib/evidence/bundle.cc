// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/bundle.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "lib/pki/base64.h"

namespace fettle::evidence {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kFormat = "fettle evidence bundle 1";
constexpr std::string_view kPurpose = "fettle evidence bundle v1";

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

uint64_t Number(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

absl::Time Time(const Json& json, const char* name, absl::Time absent) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_integer()
             ? absl::FromUnixMicros(found->get<int64_t>())
             : absent;
}

std::string Bytes(const Json& json, const char* name) {
  std::string bytes;
  return pki::Base64Decode(Text(json, name), &bytes) ? bytes : "";
}

std::string HeaderLine(const BundleHeader& header) {
  const BundleRange& range = header.range;
  Json json = {{"authority", header.authority},
               {"format", kFormat},
               {"head", header.head},
               {"key", header.key},
               {"range", {{"end", range.end}, {"first", range.first}}}};
  if (!range.host.empty()) {
    json["range"]["host"] = range.host;
  }
  if (range.since != absl::InfinitePast()) {
    json["range"]["since_us"] = absl::ToUnixMicros(range.since);
  }
  if (range.until != absl::InfiniteFuture()) {
    json["range"]["until_us"] = absl::ToUnixMicros(range.until);
  }
  return Dump(json);
}

BundleHeader ReadHeader(const Json& json) {
  BundleHeader header;
  header.head = Text(json, "head");
  header.key = Text(json, "key");
  header.authority = Text(json, "authority");
  if (const auto range = json.find("range"); range != json.end() && range->is_object()) {
    header.range.since = Time(*range, "since_us", absl::InfinitePast());
    header.range.until = Time(*range, "until_us", absl::InfiniteFuture());
    header.range.first = Number(*range, "first");
    header.range.end = Number(*range, "end");
    header.range.host = Text(*range, "host");
  }
  return header;
}

std::string LeafLine(const BundleLeaf& leaf) {
  Json json = {{"leaf", pki::Base64Encode(leaf.leaf)}, {"number", leaf.number}};
  if (!leaf.data.empty()) {
    json["data"] = pki::Base64Encode(leaf.data);
  }
  return Dump(json);
}

std::string HiddenLine(const BundleHidden& hidden) {
  return Dump({{"first", hidden.subtree.first()},
               {"hash", pki::Base64Encode(hidden.hash.Raw())},
               {"level", hidden.subtree.level}});
}

BundleHidden ReadHidden(const Json& json) {
  constexpr uint64_t kMostLevel = 61;
  BundleHidden hidden;
  const uint64_t level = Number(json, "level");
  hidden.subtree.level = level > kMostLevel ? 0 : static_cast<int>(level);
  hidden.subtree.index = Number(json, "first") >> hidden.subtree.level;
  hidden.hash = Digest::FromRaw(Bytes(json, "hash")).value_or(Digest{});
  return hidden;
}

std::string SignatureLine(const std::string& signature) {
  return Dump({{"signature", pki::Base64Encode(signature)}});
}

absl::Status Damaged(uint64_t line) {
  return InvalidArgument("line {} was altered: it is not as a bundle has it", line);
}

// Takes the first line, with its newline, off `text`.
std::string_view TakeLine(std::string_view* text) {
  const std::size_t end = text->find('\n');
  const std::size_t size = end == std::string_view::npos ? text->size() : end + 1;
  const std::string_view line = text->substr(0, size);
  text->remove_prefix(size);
  return line;
}

}  // namespace

std::string BundleWriter::Line(std::string line) {
  stream_.Update(line);
  return line;
}

std::string BundleWriter::Begin(const BundleHeader& header) {
  return Line(HeaderLine(header));
}

std::string BundleWriter::Add(const BundleLeaf& leaf) {
  return Line(LeafLine(leaf));
}

std::string BundleWriter::Add(const BundleHidden& hidden) {
  return Line(HiddenLine(hidden));
}

absl::StatusOr<std::string> BundleWriter::Finish(const pki::SigningKey& key) {
  ASSIGN_OR_RETURN(const std::string signature, key.Sign(kPurpose, stream_.Finish().Raw()));
  return SignatureLine(signature);
}

absl::StatusOr<BundleReader> BundleReader::Open(std::string_view text) {
  BundleReader reader;
  if (text.size() < 2 || !text.ends_with('\n')) {
    return InvalidArgument("this is no evidence bundle, or it is cut short");
  }
  const std::size_t before_last = text.rfind('\n', text.size() - 2);
  if (before_last == std::string_view::npos) {
    return InvalidArgument("this is no evidence bundle, or it is cut short");
  }
  reader.body_ = text.substr(0, before_last + 1);
  reader.rest_ = reader.body_;
  const std::string_view first = TakeLine(&reader.rest_);
  const Json header = Json::parse(first, nullptr, false);
  if (!header.is_object() || Text(header, "format") != kFormat) {
    return InvalidArgument("this is no evidence bundle: its first line does not say \"{}\"",
                           kFormat);
  }
  reader.header_ = ReadHeader(header);
  if (HeaderLine(reader.header_) != first) {
    return Damaged(1);
  }
  const std::string_view last = text.substr(before_last + 1);
  const Json signature = Json::parse(last, nullptr, false);
  if (signature.is_object()) {
    reader.signature_ = Bytes(signature, "signature");
  }
  if (reader.signature_.empty() || SignatureLine(reader.signature_) != last) {
    return InvalidArgument(
        "the last line is not the signature of a bundle: it was altered, or cut short");
  }
  return reader;
}

bool BundleReader::SignedBy(std::string_view ed25519) const {
  return pki::VerifyStatement(ed25519, kPurpose, Sha256(body_).Raw(), signature_);
}

absl::StatusOr<std::optional<BundleReader::Item>> BundleReader::Next() {
  if (rest_.empty()) {
    return std::optional<Item>();
  }
  ++line_;
  const std::string_view line = TakeLine(&rest_);
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) {
    return Damaged(line_);
  }
  Item item;
  if (json.contains("leaf")) {
    item.leaf = BundleLeaf{Number(json, "number"), Bytes(json, "leaf"), Bytes(json, "data")};
  } else {
    item.hidden = ReadHidden(json);
  }
  const std::string same = item.leaf.has_value() ? LeafLine(*item.leaf) : HiddenLine(*item.hidden);
  if (same != line) {
    return Damaged(line_);
  }
  return std::optional<Item>(std::move(item));
}

}  // namespace fettle::evidence
