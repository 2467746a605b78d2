// SPDX-License-Identifier: Apache-2.0
#include "cli/local/evaluate_tree.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/ranges.h>

#include "agent/facts/facts.h"
#include "lib/base/status_macros.h"
#include "lib/recipe/inputs_digest.h"
#include "modules/schemas.h"

namespace fettle::cli {
namespace {

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& words) {
  std::map<std::string, std::string> labels;
  for (const std::string& word : words) {
    const std::size_t at = word.find('=');
    if (at == std::string::npos || at == 0) {
      return InvalidArgument("--label {}: wants key=value", word);
    }
    labels[word.substr(0, at)] = word.substr(at + 1);
  }
  return labels;
}

// Whether a file of the tree says `word`. To find who needs a restart takes a look at every
// process; it is taken for those recipes alone that ask.
bool Says(const policy::Tree& tree, std::string_view word) {
  return std::any_of(tree.files().begin(), tree.files().end(), [&](const auto& one) {
    return one.second.content.find(word) != std::string::npos;
  });
}

std::string TextFact(const resource::Value::Map& facts, std::string_view name) {
  const auto found = facts.find(name);
  return found != facts.end() && found->second.kind() == resource::Value::Kind::kString
             ? found->second.AsString()
             : std::string();
}

// Of a catalog that outlives the process: what it was made of, and by which program.
std::optional<Digest> CacheKey(const recipe::EvaluateInput& input) {
  const std::optional<Digest> build = BuildDigest();
  if (!build.has_value()) {
    return std::nullopt;
  }
  return Sha256(fmt::format("{}{}", build->Hex(), recipe::InputsDigest(input).Hex()));
}

}  // namespace

TreeBlobs::TreeBlobs(const policy::Tree& tree) {
  for (const auto& [path, file] : tree.files()) {
    files_.emplace(file.digest, &file);
  }
}

absl::StatusOr<std::string> TreeBlobs::Blob(const Digest& digest) const {
  const auto found = files_.find(digest);
  if (found == files_.end()) {
    return NotFound("blob {} is not in the tree", digest.Hex());
  }
  return found->second->content;
}

absl::StatusOr<EvaluatedTree> EvaluateTree(const policy::Tree& tree,
                                           const Subject& subject,
                                           const sys::HostReader& host,
                                           const CatalogCache* cache) {
  recipe::EvaluateInput input;
  input.tree = &tree;
  input.schemas = AllSchemas();
  ASSIGN_OR_RETURN(input.labels, ParseLabels(subject.labels));
  facts::StaleServices stale;
  input.facts = facts::CollectFacts(host, Says(tree, "restart_needed") ? &stale : nullptr);
  input.host = subject.host.empty() ? TextFact(input.facts, "hostname") : subject.host;
  const std::optional<Digest> key = cache == nullptr ? std::nullopt : CacheKey(input);
  if (key.has_value()) {
    if (auto known = cache->Load(*key); known.has_value()) {
      return EvaluatedTree{std::move(known->catalog), known->digest};
    }
  }
  ASSIGN_OR_RETURN(recipe::EvaluateResult result, recipe::Evaluate(input));
  if (!result.ok()) {
    std::vector<std::string> lines;
    for (const recipe::Problem& problem : result.problems) {
      lines.push_back(problem.Display());
    }
    return InvalidArgument("{}", fmt::join(lines, "\n"));
  }
  if (key.has_value()) {
    cache->Store(*key, result.catalog);
  }
  return EvaluatedTree{std::move(result.catalog), std::nullopt};
}

}  // namespace fettle::cli
