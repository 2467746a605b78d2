// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a catalog: "FTC" and a version byte, then fields in the order of catalog.h. Numbers
// are LEB128 (signed ones zigzag), texts and lists are led by their length. There is one encoding
// for each catalog, and the decoder takes no other.
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"
#include "lib/resource/catalog.h"
#include "lib/resource/encode_value.h"

namespace fettle::resource {
namespace {

constexpr std::string_view kMagic("FTC\x01", 4);
constexpr int kMaxDepth = 64;
constexpr int64_t kTicksPerSecond = 4'000'000'000;  // absl::Duration counts quarter nanoseconds.

class Encoder : public ByteWriter {
 public:
  void Put(const Value& value) {  // NOLINT(misc-no-recursion): values are trees
    Number(static_cast<uint64_t>(value.kind()));
    switch (value.kind()) {
      case Value::Kind::kAbsent:
        return;
      case Value::Kind::kBool:
        return Flag(value.AsBool());
      case Value::Kind::kInteger:
        return Signed(value.AsInteger());
      case Value::Kind::kString:
      case Value::Kind::kSecret:
        return Text(value.AsString());
      case Value::Kind::kList:
        Number(value.AsList().size());
        for (const Value& item : value.AsList()) {
          Put(item);
        }
        return;
      case Value::Kind::kMap:
        Number(value.AsMap().size());
        for (const auto& [key, item] : value.AsMap()) {
          Text(key);
          Put(item);
        }
        return;
    }
  }

  void Put(const Position& position) {
    Text(position.file);
    Signed(position.line);
    Texts(position.via);
  }

  void Put(absl::Duration duration) {
    Flag(duration == absl::InfiniteDuration());
    if (duration == absl::InfiniteDuration()) {
      return;
    }
    absl::Duration rest;
    Signed(absl::IDivDuration(duration, absl::Seconds(1), &rest));
    absl::Duration none;
    Signed(absl::IDivDuration(rest, absl::Nanoseconds(1) / 4, &none));
  }

  void Put(const Guard& guard) {
    Number(static_cast<uint64_t>(guard.test));
    Texts(guard.subject);
    Flag(guard.negate);
  }

  void Put(const Declaration& declaration) {
    Text(declaration.type);
    Text(declaration.name);
    Number(declaration.attributes.all().size());
    for (const auto& [name, value] : declaration.attributes.all()) {
      Text(name);
      Put(value);
    }
    Put(declaration.position);
    Flag(declaration.enforce);
    Flag(declaration.sensitive);
    Number(declaration.guards.size());
    for (const Guard& guard : declaration.guards) {
      Put(guard);
    }
    Number(declaration.relations.size());
    for (const Relation& relation : declaration.relations) {
      Number(static_cast<uint64_t>(relation.kind));
      Number(relation.target);
    }
    Texts(declaration.controls);
    Texts(declaration.tags);
    Text(declaration.doc);
    Signed(declaration.group);
    Put(declaration.timeout);
    Signed(declaration.retries);
    Text(declaration.schedule);
    Flag(declaration.confirm.has_value());
    if (declaration.confirm.has_value()) {
      Put(*declaration.confirm);
    }
  }
};

class Decoder : public ByteReader {
 public:
  using ByteReader::ByteReader;

  Value GetValue(int depth) {  // NOLINT(misc-no-recursion): bounded by kMaxDepth
    switch (static_cast<Value::Kind>(Number(static_cast<uint64_t>(Value::Kind::kMap)))) {
      case Value::Kind::kAbsent:
        return {};
      case Value::Kind::kBool:
        return Flag();
      case Value::Kind::kInteger:
        return Signed();
      case Value::Kind::kString:
        return Text();
      case Value::Kind::kSecret:
        return Value::Secret(Text());
      case Value::Kind::kList:
        return GetList(depth + 1);
      case Value::Kind::kMap:
        break;
    }
    return GetMap(depth + 1);
  }

  Position GetPosition() {
    Position position;
    position.file = Text();
    position.line = Small();
    position.via = Texts();
    return position;
  }

  Declaration GetDeclaration() {
    Declaration declaration;
    declaration.type = Text();
    declaration.name = Text();
    GetAttributes(&declaration.attributes);
    declaration.position = GetPosition();
    declaration.enforce = Flag();
    declaration.sensitive = Flag();
    const std::size_t guards = Count(3);
    for (std::size_t i = 0; i < guards && !failed(); ++i) {
      declaration.guards.push_back(GetGuard());
    }
    const std::size_t relations = Count(2);
    for (std::size_t i = 0; i < relations && !failed(); ++i) {
      const auto kind =
          static_cast<RelationKind>(Number(static_cast<uint64_t>(RelationKind::kRestart)));
      declaration.relations.push_back({kind, Number()});
    }
    declaration.controls = Texts();
    declaration.tags = Texts();
    declaration.doc = Text();
    declaration.group = Small();
    declaration.timeout = GetDuration();
    declaration.retries = Small();
    declaration.schedule = Text();
    if (Flag()) {
      declaration.confirm = GetDuration();
    }
    return declaration;
  }

  Group GetGroup() {
    Group group;
    group.name = Text();
    group.rollback_on_failure = Flag();
    group.position = GetPosition();
    return group;
  }

 private:
  Value GetList(int depth) {  // NOLINT(misc-no-recursion): bounded by kMaxDepth
    Value::List items;
    const std::size_t count = depth > kMaxDepth ? Fail() : Count(1);
    for (std::size_t i = 0; i < count && !failed(); ++i) {
      items.push_back(GetValue(depth));
    }
    return items;
  }

  Value GetMap(int depth) {  // NOLINT(misc-no-recursion): bounded by kMaxDepth
    Value::Map items;
    const std::size_t count = depth > kMaxDepth ? Fail() : Count(2);
    for (std::size_t i = 0; i < count && !failed(); ++i) {
      std::string key = Text();
      if (!items.empty() && items.rbegin()->first >= key) {
        Fail();
        break;
      }
      Value item = GetValue(depth);
      items.emplace_hint(items.end(), std::move(key), std::move(item));
    }
    return items;
  }

  void GetAttributes(Attributes* attributes) {
    const std::size_t count = Count(2);
    std::string last;
    for (std::size_t i = 0; i < count && !failed(); ++i) {
      std::string name = Text();
      if (i > 0 && last >= name) {
        Fail();
        return;
      }
      attributes->Set(name, GetValue(0));
      last = std::move(name);
    }
  }

  Guard GetGuard() {
    Guard guard;
    guard.test =
        static_cast<Guard::Test>(Number(static_cast<uint64_t>(Guard::Test::kCommandSucceeds)));
    guard.subject = Texts();
    guard.negate = Flag();
    return guard;
  }

  absl::Duration GetDuration() {
    if (Flag()) {
      return absl::InfiniteDuration();
    }
    const int64_t seconds = Signed();
    const int64_t ticks = Signed();
    const bool signs_differ = (seconds < 0 && ticks > 0) || (seconds > 0 && ticks < 0);
    if (ticks <= -kTicksPerSecond || ticks >= kTicksPerSecond || signs_differ) {
      Fail();
    }
    return absl::Seconds(seconds) + absl::Nanoseconds(1) / 4 * ticks;
  }
};

// What refers to something else refers to something that is there.
absl::Status CheckReferences(const Catalog& catalog) {
  const auto groups = static_cast<int64_t>(catalog.groups.size());
  for (const Declaration& declaration : catalog.resources) {
    if (declaration.group < -1 || declaration.group >= groups) {
      return InvalidArgument("not a catalog: {} is in a group that is not there", declaration.Id());
    }
    for (const Relation& relation : declaration.relations) {
      if (relation.target >= catalog.resources.size()) {
        return InvalidArgument("not a catalog: {} relates to a resource that is not there",
                               declaration.Id());
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeValue(const Value& value) {
  Encoder encoder;
  encoder.Put(value);
  return encoder.Take();
}

std::string EncodeCatalog(const Catalog& catalog) {
  Encoder encoder;
  encoder.Raw(kMagic);
  encoder.Text(catalog.host);
  encoder.Flag(catalog.enforce);
  encoder.Number(catalog.groups.size());
  for (const Group& group : catalog.groups) {
    encoder.Text(group.name);
    encoder.Flag(group.rollback_on_failure);
    encoder.Put(group.position);
  }
  encoder.Number(catalog.resources.size());
  for (const Declaration& declaration : catalog.resources) {
    encoder.Put(declaration);
  }
  return encoder.Take();
}

absl::StatusOr<Catalog> DecodeCatalog(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return InvalidArgument(
        "not a catalog, or one of another version of fettle: it does not begin with FTC 1");
  }
  constexpr std::size_t kLeastGroup = 5;
  constexpr std::size_t kLeastDeclaration = 19;
  Decoder decoder(bytes.substr(kMagic.size()));
  Catalog catalog;
  catalog.host = decoder.Text();
  catalog.enforce = decoder.Flag();
  const std::size_t groups = decoder.Count(kLeastGroup);
  for (std::size_t i = 0; i < groups && !decoder.failed(); ++i) {
    catalog.groups.push_back(decoder.GetGroup());
  }
  const std::size_t resources = decoder.Count(kLeastDeclaration);
  catalog.resources.reserve(resources);
  for (std::size_t i = 0; i < resources && !decoder.failed(); ++i) {
    catalog.resources.push_back(decoder.GetDeclaration());
  }
  if (decoder.failed() || !decoder.at_end()) {
    return InvalidArgument("not a catalog: its {} bytes are damaged or cut short", bytes.size());
  }
  RETURN_IF_ERROR(CheckReferences(catalog));
  return catalog;
}

}  // namespace fettle::resource
