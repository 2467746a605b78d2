// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/graph.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::resource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A type whose footprint stands in its attributes.
Footprint DeclaredFootprint(std::string_view /*name*/, const Attributes& attributes) {
  return {attributes.StringList("owns"),
          attributes.StringList("provides"),
          attributes.StringList("needs")};
}

class GraphTest : public ::testing::Test {
 protected:
  GraphTest() {
    schema_.type = "thing";
    schema_.footprint = &DeclaredFootprint;
  }

  std::size_t Add(std::vector<Relation> relations = {},
                  const char* owns = nullptr,
                  const char* provides = nullptr,
                  const char* needs = nullptr) {
    Declaration declaration;
    declaration.type = "thing";
    declaration.name = fmt::format("t{}", catalog_.resources.size());
    declaration.position = {"r.lua", static_cast<int32_t>(catalog_.resources.size()) + 1, {}};
    declaration.relations = std::move(relations);
    for (const auto& [key, value] :
         {std::pair("owns", owns), std::pair("provides", provides), std::pair("needs", needs)}) {
      if (value != nullptr) {
        declaration.attributes.Set(key, Value::List{value});
      }
    }
    catalog_.resources.push_back(std::move(declaration));
    return catalog_.resources.size() - 1;
  }

  std::vector<const Schema*> Schemas() const {
    return std::vector<const Schema*>(catalog_.resources.size(), &schema_);
  }

  Order GetOrder() const { return OrderCatalog(catalog_, Schemas()); }

  std::vector<std::string> Errors() const { return CheckGraph(catalog_, Schemas()); }

  Schema schema_;
  Catalog catalog_;
};

TEST_F(GraphTest, WrittenOrderStaysWhereNothingAsksOtherwise) {
  Add();
  Add();
  Add({{RelationKind::kAfter, 0}});
  EXPECT_THAT(GetOrder().sequence, ElementsAre(0, 1, 2));
}

TEST_F(GraphTest, ARelationMovesOnlyWhatItMust) {
  Add({{RelationKind::kAfter, 2}});
  Add();
  Add();
  Add();
  const Order order = GetOrder();
  EXPECT_THAT(order.sequence, ElementsAre(1, 2, 0, 3));
  EXPECT_THAT(order.successors[2], ElementsAre(0));
  EXPECT_THAT(order.dependents[2], IsEmpty());
}

TEST_F(GraphTest, ATypeThatComesLastIsMovedBehindAllThatDoesNotFollowIt) {
  Schema last = schema_;
  last.last = true;
  Add();
  Add();
  Add({{RelationKind::kAfter, 0}});
  Add();
  std::vector<const Schema*> schemas = Schemas();
  schemas[0] = &last;
  EXPECT_THAT(OrderCatalog(catalog_, schemas).sequence, ElementsAre(1, 3, 0, 2));
}

TEST_F(GraphTest, WhoNeedsComesAfterWhoOwnsOrProvides) {
  Add({}, "path:/a/b/c", nullptr, "path:/a/b");
  Add({}, nullptr, nullptr, "unit:x.service");
  Add({}, "path:/a");
  Add({}, nullptr, "unit:x.service");
  const Order order = GetOrder();
  EXPECT_THAT(order.sequence, ElementsAre(2, 0, 3, 1));
  EXPECT_THAT(order.dependents[2], ElementsAre(0));
  EXPECT_THAT(order.dependents[3], ElementsAre(1));
}

TEST_F(GraphTest, TheNearestDirectoryMeetsANeed) {
  Add({}, "path:/a/b/c/d", nullptr, "path:/a/b/c");
  Add({}, "path:/");
  Add({}, "path:/a/b");
  Add({}, "path:/a");
  const Order order = GetOrder();
  EXPECT_THAT(order.successors[2], ElementsAre(0));
  EXPECT_THAT(order.successors[1], IsEmpty());
  EXPECT_THAT(order.successors[3], IsEmpty());
}

TEST_F(GraphTest, NamesThatOnlyBeginAlikeDoNotMeetANeed) {
  Add({}, nullptr, nullptr, "path:/ab/c");
  Add({}, "path:/a");
  EXPECT_THAT(GetOrder().sequence, ElementsAre(0, 1));
}

TEST_F(GraphTest, AnAutomaticRelationThatContradictsDeclaredOnesIsDropped) {
  Add({}, "path:/d");
  Add({}, nullptr, nullptr, "path:/d");
  Add({{RelationKind::kAfter, 1}});
  catalog_.resources[0].relations = {{RelationKind::kAfter, 2}};
  const Order order = GetOrder();
  EXPECT_THAT(order.sequence, ElementsAre(1, 2, 0));
  EXPECT_THAT(order.dependents[0], IsEmpty());
}

TEST_F(GraphTest, AutomaticRelationsInACircleFollowTheWrittenOrder) {
  Add({}, "user:a", nullptr, "path:/b");
  Add({}, "path:/b", nullptr, "user:a");
  Add({}, nullptr, nullptr, "path:/b");
  const Order order = GetOrder();
  EXPECT_THAT(order.sequence, ElementsAre(0, 1, 2));
  EXPECT_THAT(order.successors[0], ElementsAre(1));
  EXPECT_THAT(order.successors[1], ElementsAre(2));
}

TEST_F(GraphTest, RequiresMakesADependentAndNotifyingDoesNot) {
  Add();
  Add({{RelationKind::kRequires, 0}});
  Add({{RelationKind::kRestart, 0}});
  EXPECT_THAT(GetOrder().dependents[0], ElementsAre(1));
  EXPECT_THAT(GetOrder().successors[0], ElementsAre(1, 2));
}

TEST_F(GraphTest, ARightCatalogHasNoErrors) {
  Add({}, "path:/a");
  Add({{RelationKind::kAfter, 0}}, "path:/b");
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(GraphTest, PrintsTheShortestCycleWithPositions) {
  Add({{RelationKind::kAfter, 3}});
  Add({{RelationKind::kAfter, 0}});
  Add({{RelationKind::kAfter, 1}});
  Add({{RelationKind::kAfter, 2}});
  catalog_.resources[1].relations.push_back({RelationKind::kRequires, 2});
  EXPECT_THAT(Errors(),
              ElementsAre("2 resources wait for each other in a circle: thing:t1 at r.lua:2 comes "
                          "after thing:t2 at r.lua:3 comes after thing:t1; take one of these "
                          "relations away"));
}

TEST_F(GraphTest, AResourceThatFollowsItselfIsACycle) {
  Add({{RelationKind::kAfter, 0}});
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("a resource waits for itself: ")));
}

TEST_F(GraphTest, NamesWhoJoinsAGroupAndWhoTakesTheMembershipAway) {
  Add({}, nullptr, "groups-of:ann");
  Add({}, nullptr, "member:adm:ann");
  Add({}, nullptr, "member:adm:bob");
  Add({}, nullptr, "members-of:ops");
  Add({}, nullptr, "member:ann:ann");
  Add({}, nullptr, "primary:ann:ann");
  EXPECT_THAT(Errors(),
              ElementsAre("thing:t1 at r.lua:2 puts user ann into group adm, and thing:t0 at "
                          "r.lua:1 takes every membership away that it does not name: each would "
                          "undo the other; name it in both, or in neither"));
}

TEST_F(GraphTest, MembersOfAGroupWithRollbackAreChangedAtTheSameTimeOrNotAtAll) {
  catalog_.groups = {{"web", true, {}}, {"kept", false, {}}};
  for (int32_t group : {0, 0, 0, 1, 1, -1}) {
    catalog_.resources[Add()].group = group;
  }
  catalog_.resources[1].schedule = "Sat 02:00-05:00";
  catalog_.resources[3].schedule = "Sun 02:00-05:00";
  EXPECT_THAT(Errors(),
              ElementsAre("group \"web\" is put back as one when something fails, but thing:t0 at "
                          "r.lua:1 is changed at any time, and thing:t1 at r.lua:2 at \"Sat "
                          "02:00-05:00\": give all of them the same schedule, or none"));
  catalog_.resources[0].schedule = catalog_.resources[2].schedule = "Sat 02:00-05:00";
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(GraphTest, NamesBothPositionsOfWhoFillsAFileAndWhoEditsIt) {
  Add({}, nullptr, nullptr, "content:/etc/hosts");
  Add({}, "path:/etc/hosts", "content:/etc/hosts");
  Add({}, nullptr, nullptr, "content:/etc/other");
  EXPECT_THAT(Errors(),
              ElementsAre("thing:t1 at r.lua:2 manages all of /etc/hosts, and thing:t0 at r.lua:1 "
                          "a part of it: each would undo the other; write that part into the "
                          "whole, or say replace = false there"));
}

TEST_F(GraphTest, ManyMayEditPartsOfOneFile) {
  Add({}, nullptr, nullptr, "content:/etc/hosts");
  Add({}, nullptr, nullptr, "content:/etc/hosts");
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(GraphTest, NamesBothPositionsOfWhoOwnTheSame) {
  Add({}, "path:/a");
  Add();
  Add({}, "path:/a");
  EXPECT_THAT(Errors(),
              ElementsAre("two resources manage path:/a: thing:t0 at r.lua:1, and thing:t2 at "
                          "r.lua:3; keep one"));
}

TEST_F(GraphTest, TheSameResourceTwiceIsOneError) {
  Add({}, "path:/a");
  Add({}, "path:/a");
  catalog_.resources[1].name = "t0";
  EXPECT_THAT(Errors(), ElementsAre("thing:t0 is declared twice: r.lua:1, and r.lua:2; keep one"));
}

TEST_F(GraphTest, AHundredThousandInAChainAreOrderedWithoutRecursion) {
  constexpr std::size_t kCount = 100'000;
  for (std::size_t i = 0; i < kCount; ++i) {
    Add(i + 1 < kCount ? std::vector<Relation>{{RelationKind::kAfter, i + 1}}
                       : std::vector<Relation>{});
  }
  const Order order = GetOrder();
  ASSERT_EQ(order.sequence.size(), kCount);
  EXPECT_EQ(order.sequence.front(), kCount - 1);
  EXPECT_EQ(order.sequence.back(), 0U);
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(GraphTest, ACycleThroughTenThousandIsFound) {
  constexpr std::size_t kCount = 10'000;
  for (std::size_t i = 0; i < kCount; ++i) {
    Add({{RelationKind::kAfter, (i + 1) % kCount}});
  }
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("10000 resources wait")));
}

}  // namespace
}  // namespace fettle::resource
