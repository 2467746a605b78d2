// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/world.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "modules/schemas.h"
#include "modules/types.h"

namespace fettle::contract {

World::World(const ContractCase& one) : case_(one), type_(FindType(one.type)) {
  if (type_ == nullptr) {
    ADD_FAILURE() << "there is no resource type " << one.type;
    return;
  }
  const absl::StatusOr<std::string> name = type_->schema->canonical_name(one.name);
  if (!name.ok()) {
    ADD_FAILURE() << name.status();
    return;
  }
  std::vector<std::string> errors;
  const resource::Attributes attributes =
      resource::Normalize(*type_->schema, *name, one.declared, &errors);
  if (!errors.empty()) {
    ADD_FAILURE() << fmt::format("{}", fmt::join(errors, "\n"));
    return;
  }
  if (one.prepare) {
    one.prepare(host_);
  }
  resource_ = type_->make(*name, attributes);
}

void World::ExpectNoSecret(const std::string& where, const std::string& text) const {
  for (const std::string& secret : case_.secrets) {
    EXPECT_EQ(text.find(secret), std::string::npos) << where << " shows a secret: " << text;
  }
}

void World::ExpectNoSecret(const std::string& where, const absl::Status& status) const {
  ExpectNoSecret(where, status.ToString());
  for (const testing::FakeCall& call : host_.calls().log()) {
    ExpectNoSecret("a call's arguments (argv)", call.what);
  }
}

absl::StatusOr<Differences> World::Inspect(Deadline deadline) {
  absl::StatusOr<Differences> drift = resource_->Inspect(host_, deadline);
  ExpectNoSecret("Inspect", drift.status());
  if (drift.ok()) {
    for (const resource::Difference& one : *drift) {
      ExpectNoSecret("a difference's current value", one.current.Display());
      ExpectNoSecret("a difference's desired value", one.desired.Display());
    }
  }
  return drift;
}

absl::Status World::Apply(const Differences& drift, Deadline deadline) {
  absl::Status done;
  if (type_->apply_batch != nullptr) {
    const resource::BatchItem item{resource_.get(), drift};
    const std::vector<absl::Status> all = type_->apply_batch({&item, 1}, host_, deadline);
    EXPECT_EQ(all.size(), 1U);
    done = all.empty() ? absl::InternalError("no answer") : all.front();
  } else {
    done = resource_->Apply(drift, host_, deadline);
  }
  ExpectNoSecret("Apply", done);
  return done;
}

absl::Status World::Converge() {
  ASSIGN_OR_RETURN(const Differences drift, Inspect());
  return drift.empty() ? absl::OkStatus() : Apply(drift);
}

void World::ExpectConverges() {
  const absl::Status done = Converge();
  EXPECT_TRUE(done.ok()) << done;
  const absl::StatusOr<Differences> rest = Inspect();
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(AttributesOf(*rest), std::vector<std::string>()) << "did not come to rest";
}

std::map<std::string, std::string> World::Contents() {
  std::map<std::string, std::string> contents;
  for (const auto& [path, line] : host_.disk().Everything()) {
    if (const auto content = host_.disk().Content(path); content.has_value()) {
      contents[path] = *content;
    }
  }
  return contents;
}

std::vector<std::string> AttributesOf(const Differences& differences) {
  std::vector<std::string> names;
  for (const resource::Difference& one : differences) {
    names.push_back(one.attribute);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace fettle::contract
