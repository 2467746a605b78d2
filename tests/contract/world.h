// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"
#include "lib/resource/resource.h"
#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {

using Differences = std::vector<resource::Difference>;

// One contract case on a machine of its own, prepared, and driven as the engine drives resources.
class World {
 public:
  // Records a gtest failure, and is not usable(), when the declaration does not pass the schema.
  explicit World(const ContractCase& one);

  bool usable() const { return resource_ != nullptr; }

  testing::FakeHost& host() { return host_; }

  // Everything that these two answer is searched for the case's secrets (a gtest failure).
  absl::StatusOr<Differences> Inspect(Deadline deadline = Deadline::Never());
  absl::Status Apply(const Differences& drift, Deadline deadline = Deadline::Never());

  // Inspect, and Apply if there is something to do. OK: it says that it is done.
  absl::Status Converge();

  // Like Converge(), and then looks whether it came to rest; a gtest failure if not.
  void ExpectConverges();

  // Every regular file's content, by path.
  std::map<std::string, std::string> Contents();

 private:
  void ExpectNoSecret(const std::string& where, const std::string& text) const;
  void ExpectNoSecret(const std::string& where, const absl::Status& status) const;

  const ContractCase& case_;
  const resource::ResourceType* type_ = nullptr;
  testing::FakeHost host_;
  std::unique_ptr<resource::Resource> resource_;
};

// The attributes of `differences`, sorted.
std::vector<std::string> AttributesOf(const Differences& differences);

}  // namespace fettle::contract
