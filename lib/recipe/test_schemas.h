// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/policy/tree.h"
#include "lib/recipe/evaluate.h"

namespace fettle::recipe {

// A few types for tests of the language: file, directory, package, service, group, exec.
std::span<const resource::Schema* const> TestSchemas();

// A tree with its input; `input()` may be changed before Run().
class Fixture {
 public:
  Fixture(std::initializer_list<std::pair<std::string_view, std::string>> sources) {
    for (const auto& [path, content] : sources) {
      Add(path, content);
    }
    input_.tree = &tree_;
    input_.host = "web1";
    input_.schemas = TestSchemas();
    input_.facts = {{"fqdn", "web1.example.org"},
                    {"cpu", resource::Value::Map{{"count", 2}}},
                    {"os", resource::Value::Map{{"id", "debian"}, {"version", "12"}}}};
    input_.labels = {{"role", "web"}, {"env", "test"}};
  }

  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void Add(std::string_view path, const std::string& content) {
    const absl::Status added = tree_.Add(path, content);
    EXPECT_TRUE(added.ok()) << added.ToString();
  }

  EvaluateInput& input() { return input_; }

  const policy::Tree& tree() const { return tree_; }

  EvaluateResult Run() const {
    absl::StatusOr<EvaluateResult> result = EvaluateInProcess(input_);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *std::move(result) : EvaluateResult();
  }

 private:
  policy::Tree tree_;
  EvaluateInput input_;
};

// A fleet.lua and nothing else, evaluated.
inline EvaluateResult RunFleet(const std::string& source) {
  return Fixture({{"fleet.lua", source}}).Run();
}

// All problems as they are shown, one a line.
inline std::string Shown(const EvaluateResult& result) {
  std::string text;
  for (const Problem& problem : result.problems) {
    text += problem.Display() + "\n";
  }
  return text;
}

inline std::vector<std::string> Ids(const EvaluateResult& result) {
  std::vector<std::string> ids;
  for (const resource::Declaration& declaration : result.catalog.resources) {
    ids.push_back(declaration.Id());
  }
  return ids;
}

// The declaration of "type:name"; fails the test when there is none.
inline resource::Declaration Get(const EvaluateResult& result, const std::string& id) {
  for (const resource::Declaration& declaration : result.catalog.resources) {
    if (declaration.Id() == id) {
      return declaration;
    }
  }
  ADD_FAILURE() << "no " << id << "\n" << Shown(result);
  return {};
}

}  // namespace fettle::recipe
