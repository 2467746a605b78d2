// SPDX-License-Identifier: Apache-2.0
// What every schema promises: documents, recipe checking and editor annotations come from it.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "modules/schemas.h"
#include "modules/types.h"
#include "tests/contract/contract_case.h"

namespace fettle::contract {
namespace {

using resource::AttributeSchema;
using resource::Schema;

bool IsSentence(const std::string& text) {
  return text.size() > 10 && text.back() == '.' && text.find('\n') == std::string::npos;
}

bool IsPlainWord(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9');
  });
}

class SchemaContractTest : public ::testing::TestWithParam<const Schema*> {};

TEST_P(SchemaContractTest, SaysWhatItIsWithAnExample) {
  const Schema& schema = *GetParam();
  EXPECT_TRUE(IsPlainWord(schema.type)) << schema.type;
  EXPECT_TRUE(IsSentence(schema.doc)) << schema.doc;
  EXPECT_FALSE(schema.name_doc.empty());
  EXPECT_NE(schema.example.find(schema.type), std::string::npos) << schema.example;
  EXPECT_NE(schema.canonical_name, nullptr);
  EXPECT_NE(schema.footprint, nullptr);
}

TEST_P(SchemaContractTest, DocumentsEveryAttributeOnce) {
  std::set<std::string> seen;
  for (const AttributeSchema& attribute : GetParam()->attributes) {
    EXPECT_TRUE(IsPlainWord(attribute.name)) << attribute.name;
    EXPECT_TRUE(seen.insert(attribute.name).second) << attribute.name << " stands there twice";
    EXPECT_TRUE(IsSentence(attribute.doc)) << attribute.name << ": " << attribute.doc;
  }
}

TEST_P(SchemaContractTest, HasDefaultsThatPassItsOwnRules) {
  for (const AttributeSchema& attribute : GetParam()->attributes) {
    if (attribute.default_value.absent()) {
      continue;
    }
    EXPECT_FALSE(attribute.required) << attribute.name << ": required, and has a default";
    const auto normal = resource::NormalizeValue(attribute, attribute.default_value);
    EXPECT_TRUE(normal.ok()) << attribute.name << ": " << normal.status();
  }
}

TEST_P(SchemaContractTest, HasCodeAndAtLeastOneContractCase) {
  const Schema& schema = *GetParam();
  const resource::ResourceType* const type = FindType(schema.type);
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->schema, &schema);
  EXPECT_NE(type->make, nullptr);
  const std::vector<ContractCase> cases = AllContractCases();
  EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [&](const ContractCase& one) {
    return one.type == schema.type;
  }));
}

INSTANTIATE_TEST_SUITE_P(Modules,
                         SchemaContractTest,
                         ::testing::ValuesIn(AllSchemas().begin(), AllSchemas().end()),
                         [](const auto& one) { return one.param->type; });

}  // namespace
}  // namespace fettle::contract
