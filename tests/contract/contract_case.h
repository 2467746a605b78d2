// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "lib/resource/value.h"

namespace fettle::testing {
class FakeHost;
}  // namespace fettle::testing

// What a module brings to the contract suite (contract_test.cc): declarations, a host on which each
// is to be brought about, and ways to spoil it afterwards. Each module's <name>_contract_test.cc
// defines `std::vector<ContractCase> <Name>ContractCases()` in this namespace.
namespace fettle::contract {

// Somebody else changes the host after the declaration was brought about.
struct BehindItsBack {
  // The declared attribute that this is about. Every declared attribute that is no parameter of
  // the schema has at least one change, or stands in ContractCase::unchangeable.
  std::string attribute = {};

  std::function<void(testing::FakeHost&)> change = {};

  // The attributes that Inspect() then lists: exactly these, in any order. Empty: `attribute`
  // alone. More than one only where one is not without the other (what is absent has no mode
  // either).
  std::vector<std::string> differences = {};
};

struct ContractCase {
  std::string label = {};  // "SeedsContentOnce": letters and digits, unique within its type.
  std::string type = {};   // As in Schema::type.
  std::string name = {};   // As a recipe gives it.
  resource::Value::Map declared = {};

  // Brings the host (which has "/", "/etc", "/tmp", root, and nothing else) to the state before the
  // resource is brought about: users, packages, scripted commands, old content. Null: nothing to
  // do. It is called on several hosts, so it holds no state of its own.
  std::function<void(testing::FakeHost&)> prepare = {};

  // After prepare() there is something to do. False for what is as declared from the start.
  bool differs_at_first = true;

  std::vector<BehindItsBack> changes = {};

  // Declared attributes (no parameters) that nobody can change alone: they identify, or show
  // themselves as another one. Each with its reason, "source: seen as content".
  std::vector<std::string> unchangeable = {};

  // Texts that must appear in no status, whatever fails. The declaration holds them.
  std::vector<std::string> secrets = {};

  // False for types that only look (check): Apply() answers kFailedPrecondition, and `changes` are
  // put right by nobody.
  bool can_apply = true;
};

// For gtest's messages.
inline void PrintTo(const ContractCase& one, std::ostream* out) {
  *out << one.type << ":" << one.name << " (" << one.label << ")";
}

// The cases of all modules, in order of type. Generated from the folders of modules/.
std::vector<ContractCase> AllContractCases();

}  // namespace fettle::contract
