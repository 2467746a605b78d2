// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/resource/catalog.h"

namespace fettle::resource {
namespace {

Catalog Rich() {
  Catalog catalog;
  catalog.host = "web1";
  catalog.enforce = false;
  catalog.groups = {{"g", true, {"fleet.lua", 3, {}}}};
  Declaration file;
  file.type = "file";
  file.name = "/etc/motd";
  file.attributes.Set("content", Value::Secret("hunter2"));
  file.attributes.Set("list",
                      Value::List{1, Value::Map{{"k", Value::List{}}, {"l", false}}, Value()});
  file.attributes.Set("big", int64_t{-9'000'000'000'000'000'000});
  file.position = {"recipes/a/init.lua", 12, {"fleet.lua:1", "recipes/b/init.lua:2"}};
  Declaration service;
  service.type = "service";
  service.name = "x";
  service.enforce = false;
  service.sensitive = true;
  service.guards = {{Guard::Test::kCommandSucceeds, {"/bin/sh", "-c", "true"}, true}};
  service.relations = {{RelationKind::kRestart, 0}};
  service.controls = {"CIS-1"};
  service.tags = {"t1", "t2"};
  service.doc = "doc";
  service.group = 0;
  service.timeout = absl::Milliseconds(1500);
  service.confirm = absl::Seconds(90);
  service.retries = 3;
  service.schedule = "Mon-Fri 02:00-03:00";
  catalog.resources = {file, service};
  return catalog;
}

TEST(CatalogCodecTest, ReturnsWhatWentIn) {
  const Catalog catalog = Rich();
  const absl::StatusOr<Catalog> decoded = DecodeCatalog(EncodeCatalog(catalog));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, catalog);
  EXPECT_EQ(DecodeCatalog(EncodeCatalog(Catalog())).value(), Catalog());
}

TEST(CatalogCodecTest, EqualCatalogsHaveEqualBytesAndOthersNot) {
  Catalog other = Rich();
  EXPECT_EQ(CatalogDigest(other), CatalogDigest(Rich()));
  other.resources[1].retries = 4;
  EXPECT_NE(CatalogDigest(other), CatalogDigest(Rich()));
}

TEST(CatalogCodecTest, RefusesEveryCutAndEveryTail) {
  const std::string bytes = EncodeCatalog(Rich());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(DecodeCatalog(bytes.substr(0, length)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << length;
  }
  EXPECT_FALSE(DecodeCatalog(bytes + '\0').ok());
}

// What decodes at all is what the encoder would have written: there is one encoding.
TEST(CatalogCodecTest, AFlippedByteIsRefusedOrIsAnotherCatalog) {
  const std::string bytes = EncodeCatalog(Rich());
  int refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const unsigned flip : {1U, 0x80U, 0xFFU}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      const absl::StatusOr<Catalog> decoded = DecodeCatalog(damaged);
      refused += decoded.ok() ? 0 : 1;
      if (decoded.ok()) {
        EXPECT_EQ(EncodeCatalog(*decoded), damaged) << i;
      }
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(CatalogCodecTest, RefusesNestingDeeperThanItsBound) {
  const auto nested = [](int depth) {
    Value value("core");
    for (int i = 0; i < depth; ++i) {
      value = Value::List{value};
    }
    Catalog catalog;
    catalog.resources.resize(1);
    catalog.resources[0].attributes.Set("deep", value);
    return EncodeCatalog(catalog);
  };
  EXPECT_TRUE(DecodeCatalog(nested(64)).ok());
  EXPECT_FALSE(DecodeCatalog(nested(65)).ok());
}

TEST(CatalogCodecTest, RefusesRelationsAndGroupsThatLeadNowhere) {
  Catalog catalog = Rich();
  catalog.resources[1].relations[0].target = 2;
  EXPECT_FALSE(DecodeCatalog(EncodeCatalog(catalog)).ok());
  catalog = Rich();
  catalog.resources[1].group = 1;
  EXPECT_FALSE(DecodeCatalog(EncodeCatalog(catalog)).ok());
}

TEST(CatalogCodecTest, ACountThatTheBytesCannotHoldCostsNothing) {
  const std::string huge("FTC\x01\0\1\0\xff\xff\xff\xff\x0f", 12);
  EXPECT_FALSE(DecodeCatalog(huge).ok());
}

TEST(PositionTest, ShowsTheChainOfIncludesInnermostFirst) {
  const Position position{"recipes/a/init.lua", 12, {"fleet.lua:1", "recipes/b/init.lua:2"}};
  EXPECT_EQ(position.Display(), "recipes/a/init.lua:12");
  EXPECT_EQ(
      position.DisplayWithChain(),
      "recipes/a/init.lua:12 (included from recipes/b/init.lua:2, included from fleet.lua:1)");
}

}  // namespace
}  // namespace fettle::resource
