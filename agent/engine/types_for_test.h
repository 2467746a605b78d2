// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/engine/prepared.h"
#include "lib/resource/catalog.h"
#include "lib/resource/resource.h"

// Small resource types for the engine's own tests, over a FakeHost. For *_test.cc only.
//
//   text    a file with `content`; broken = true: apply fails; stubborn = true: apply does nothing;
//           flaky = true: the first apply on a host fails; `owner`: needs that user
//   page    as text, but applied in batches that keep the order
//   daemon  runs while /run/NAME exists, which holds when it started (microseconds); reloadable
//   pack    installed while /pkg/NAME exists; applied in batches; NAME "bad…" fails, for "held…"
//   somebody
//           else holds the lock
//   step    opaque: done once /done/NAME exists
//   watch   only looks: whether the file `file` exists; applying waits for nothing and fails
namespace fettle::engine {

// FindType() over these types.
TypeLookup TypesForTest();

// What was done to the host, in order: "text /a", "restart web", "batch a b", "step s".
std::vector<std::string>& DoneForTest();

// A catalog built line by line, checked as the evaluator does.
class CatalogForTest {
 public:
  // "text:/a". Answers the declaration, to be completed; it moves when the next is added.
  resource::Declaration& Add(std::string_view id, const resource::Value::Map& declared = {});

  // `later` has a relation of this kind to `earlier`.
  void Relate(std::string_view later, resource::RelationKind kind, std::string_view earlier);

  // Aborts on what CheckGraph() says.
  const resource::Catalog& Get();

  resource::Declaration& At(std::string_view id);

 private:
  std::size_t IndexOf(std::string_view id) const;

  resource::Catalog catalog_;
};

}  // namespace fettle::engine
