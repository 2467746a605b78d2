// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/evaluation.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/mark_guards.h"
#include "lib/recipe/recipe_files.h"

namespace fettle::recipe {
namespace {

constexpr std::size_t kMaxNotes = 1000;

}  // namespace

std::string Problem::Display() const {
  return position.file.empty() ? message
                               : fmt::format("{}: {}", position.DisplayWithChain(), message);
}

Evaluation::Evaluation(const EvaluateInput& input) : input_(input), sandbox_(input.limits, this) {}

void Evaluation::AddProblem(std::string message, resource::Position position) {
  if (problems_.size() >= input_.limits.problems) {
    ++suppressed_;
    return;
  }
  problems_.push_back({std::move(message), std::move(position)});
}

void Evaluation::AddProblemHere(std::string message) {
  AddProblem(std::move(message), Here());
}

void Evaluation::AddNote(std::string message) {
  if (notes_.size() < kMaxNotes) {
    AccountBytes(message.size());
    notes_.push_back({std::move(message), Here()});
  }
}

void Evaluation::AddFleetQuery(std::map<std::string, std::string> query) {
  fleet_queries_.insert(std::move(query));
}

resource::Position Evaluation::Here() const {
  const LuaError place = sandbox_.Here();
  const Inclusion& inclusion = inclusions_[current_];
  return {place.file.empty() ? inclusion.file : place.file, place.line, inclusion.via};
}

void Evaluation::AccountBytes(std::size_t bytes) {
  bytes_ += bytes;
  sandbox_.Charge(bytes / 64);
  if (bytes_ > input_.limits.catalog_bytes) {
    sandbox_.Kill(fmt::format("the values of all resources take more than {} MiB",
                              input_.limits.catalog_bytes >> 20));
  }
}

void Evaluation::ReportError(const LuaError& error) {
  aborted_ = true;
  if (sandbox_.dead() && std::exchange(death_reported_, true)) {
    return;  // Every include on the way out meets the same end.
  }
  const Inclusion& inclusion = inclusions_[current_];
  AddProblem(error.message,
             {error.file.empty() ? inclusion.file : error.file, error.line, inclusion.via});
}

void Evaluation::RunInclusion(std::size_t index) {
  const std::size_t before = std::exchange(current_, index);
  const std::string file = inclusions_[index].file;
  lua_State* state = sandbox_.state();
  LuaError error;
  sandbox_.PushEnvironment();
  FillEnvironment(*this, index);
  const policy::TreeFile* source = input_.tree->Find(file);
  if (!sandbox_.LoadText(MarkGuards(source->content), file, -1, &error) ||
      !sandbox_.Call(0, 0, &error)) {
    ReportError(error);
  }
  lua_pop(state, 1);
  current_ = before;
}

bool Evaluation::OpenEntry() {
  Inclusion entry;
  entry.recipe = input_.recipe;
  entry.file = "fleet.lua";
  entry.given = input_.params;
  if (!input_.recipe.empty()) {
    const absl::StatusOr<std::string> file = FindRecipe(*input_.tree, input_.recipe);
    if (!file.ok()) {
      AddProblem(std::string(Message(file.status())), {});
      return false;
    }
    entry.file = *file;
  } else if (input_.tree->Find("fleet.lua") == nullptr) {
    AddProblem("the policy tree has no fleet.lua: it says which host gets which recipes", {});
    return false;
  }
  inclusions_.push_back(std::move(entry));
  return true;
}

EvaluateResult Evaluation::Run() {
  EvaluateResult result;
  result.catalog.host = input_.host;
  const absl::Status opened = sandbox_.Open();
  if (!opened.ok()) {
    AddProblem(std::string(Message(opened)), {});
  } else if (OpenEntry()) {
    RegisterWords();
    RunInclusion(0);
    Finish(&result);
  }
  SortProblems(&result);
  result.notes = std::move(notes_);
  result.fleet_queries.assign(fleet_queries_.begin(), fleet_queries_.end());
  result.stats = {sandbox_.instructions(), sandbox_.peak_memory(), inclusions_.size()};
  return result;
}

void Evaluation::RegisterWords() {
  RegisterResourceWords(*this);
  RegisterIncludeWords(*this);
  RegisterDataWords(*this);
  RegisterHostWords(*this);
  RegisterModuleWords(*this);
}

void Evaluation::SortProblems(EvaluateResult* result) {
  const auto key = [](const Problem& problem) {
    return std::tie(
        problem.position.file, problem.position.line, problem.message, problem.position.via);
  };
  std::sort(problems_.begin(), problems_.end(), [&key](const Problem& a, const Problem& b) {
    return key(a) < key(b);
  });
  problems_.erase(std::unique(problems_.begin(), problems_.end()), problems_.end());
  if (suppressed_ > 0) {
    problems_.push_back({fmt::format("and {} problems more", suppressed_), {}});
  }
  result->problems = std::move(problems_);
}

}  // namespace fettle::recipe
