// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/lint.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/recipe/layers.h"
#include "lib/recipe/lua_tokens.h"
#include "lib/recipe/mark_guards.h"
#include "lib/recipe/recipe_files.h"
#include "lib/recipe/sandbox.h"
#include "lib/recipe/template.h"

namespace fettle::recipe {
namespace {

constexpr std::string_view kRecipes = "recipes/";
constexpr std::string_view kTemplates = "templates/";
constexpr std::string_view kFiles = "files/";

// What the sources of one recipe name. The recipe "" is fleet.lua's.
struct Names {
  std::map<std::string, resource::Position> params;  // Declared and not used where they are.
  std::set<std::string> used_params;
  std::map<std::string, resource::Position> templates;
  std::map<std::string, resource::Position> sources;
  bool any_param = false;     // params is handed on as a whole.
  bool any_template = false;  // A name is computed.
  bool any_source = false;
};

// The recipe that `path` belongs to: "nginx" for recipes/nginx/… and recipes/nginx.lua.
std::string RecipeOf(const policy::Tree& tree, std::string_view path) {
  if (!path.starts_with(kRecipes)) {
    return "";
  }
  std::string_view name = path.substr(kRecipes.size());
  if (name.find('/') == std::string_view::npos) {
    return std::string(name.substr(0, name.rfind('.')));
  }
  // The longest folder that is a recipe: names may have '/' in them.
  for (std::size_t slash = name.rfind('/'); slash != std::string_view::npos;
       slash = slash == 0 ? std::string_view::npos : name.rfind('/', slash - 1)) {
    if (FindRecipe(tree, name.substr(0, slash)).ok()) {
      return std::string(name.substr(0, slash));
    }
  }
  return std::string(name.substr(0, name.find('/')));
}

bool IsTemplate(std::string_view path) {
  return path.starts_with(kTemplates) ||
         (path.starts_with(kRecipes) && path.find("/templates/") != std::string_view::npos);
}

bool IsFile(std::string_view path) {
  return path.starts_with(kFiles) ||
         (path.starts_with(kRecipes) && path.find("/files/") != std::string_view::npos);
}

class Linter {
 public:
  explicit Linter(const policy::Tree& tree) : tree_(tree) {}

  std::vector<Finding> Run() {
    for (const auto& [path, file] : tree_.files()) {
      Look(path, file.content);
    }
    for (const auto& [recipe, names] : names_) {
      CheckNames(recipe, names);
    }
    for (const auto& [path, file] : tree_.files()) {
      CheckUse(path);
    }
    std::sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
      return std::tie(a.problem.position.file, a.problem.position.line, a.problem.message) <
             std::tie(b.problem.position.file, b.problem.position.line, b.problem.message);
    });
    return std::move(findings_);
  }

 private:
  void Add(Severity severity, std::string rule, std::string message, resource::Position position) {
    findings_.push_back({severity, std::move(rule), {std::move(message), std::move(position)}});
  }

  void Look(const std::string& path, const std::string& content) {
    if (IsFile(path)) {
      return;  // Copied as it is, whatever it is.
    }
    if (IsTemplate(path)) {
      LookAtTemplate(path, content);
    } else if (path.ends_with(".lua")) {
      CheckSyntax(path, MarkGuards(content));
      CollectNames(path, content);
    } else if (path.starts_with("data/") && path.ends_with(".json")) {
      CheckData(path, ParseJson(content).status());
    } else if (path.starts_with("data/") && (path.ends_with(".yaml") || path.ends_with(".yml"))) {
      CheckData(path, ParseYaml(content).status());
    }
  }

  void LookAtTemplate(const std::string& path, const std::string& content) {
    const absl::StatusOr<std::string> source = CompileTemplate(content);
    if (!source.ok()) {
      Add(Severity::kError, "syntax", std::string(Message(source.status())), {path, 0, {}});
      return;
    }
    CheckSyntax(path, *source);
    CollectNames(path, *source);
  }

  void CheckData(const std::string& path, const absl::Status& status) {
    if (!status.ok()) {
      Add(Severity::kError, "syntax", std::string(Message(status)), {path, 0, {}});
    }
  }

  // A state of its own for each: sources are compiled, never run.
  void CheckSyntax(const std::string& path, const std::string& source) {
    Sandbox sandbox(Limits(), nullptr);
    LuaError error;
    if (!sandbox.Open().ok()) {
      return;
    }
    lua_newtable(sandbox.state());
    if (!sandbox.LoadText(source, path, -1, &error)) {
      Add(Severity::kError, "syntax", error.message, {path, error.line, {}});
    }
  }

  void CollectNames(const std::string& path, std::string_view source) {
    Names& names = names_[RecipeOf(tree_, path)];
    const std::vector<Token> tokens = LuaTokens(source);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (tokens[i].kind == Token::Kind::kName) {
        const bool field = i > 0 && tokens[i - 1].text == ".";
        CollectName(
            std::span(tokens).subspan(i), i == 0 || field ? "" : tokens[i - 1].text, path, &names);
      }
    }
  }

  // `tokens` begins with a name and has one more at least.
  void CollectName(std::span<const Token> tokens,
                   std::string_view before,
                   const std::string& path,
                   Names* names) {
    const std::string_view word = tokens[0].text;
    const resource::Position here{path, tokens[0].line, {}};
    const Token& next = tokens[1];
    const Token* after = tokens.size() > 2 ? &tokens[2] : nullptr;
    if (word == "include") {
      CheckInclude(next.text == "(" && after != nullptr ? *after : next, here);
    } else if (word == "param" && next.kind == Token::Kind::kString) {
      const bool is_used = before == "=" || before == "(" || before == "," || before == "return";
      if (!is_used) {
        names->params.emplace(PlainString(next), here);
      }
    } else if (word == "params") {
      const bool named = after != nullptr && (next.text == "." || next.text == "[");
      const std::string_view name = !named             ? ""
                                    : next.text == "." ? after->text
                                                       : PlainString(*after);
      names->used_params.insert(std::string(name));
      names->any_param = names->any_param || name.empty();
    } else if ((word == "template" || word == "source") && next.text == "=" && after != nullptr) {
      const std::string_view name = PlainString(*after);
      const bool is_whole = tokens.size() <= 3 || !tokens[3].text.starts_with('.');  // Of "..".
      const bool is_template = word == "template";
      if (name.empty() || !is_whole) {
        (is_template ? names->any_template : names->any_source) = true;
      } else {
        (is_template ? names->templates : names->sources).emplace(name, here);
      }
    }
  }

  void CheckInclude(const Token& argument, const resource::Position& here) {
    const std::string_view name = PlainString(argument);
    if (name.empty()) {
      return;
    }
    const absl::StatusOr<std::string> file = FindRecipe(tree_, name);
    if (!file.ok()) {
      Add(Severity::kError, "unknown-recipe", std::string(Message(file.status())), here);
    }
  }

  void CheckNames(const std::string& recipe, const Names& names) {
    for (const auto& [name, position] : names.params) {
      if (!names.any_param && !names.used_params.contains(name)) {
        Add(Severity::kWarning,
            "unused-param",
            fmt::format("param \"{}\" is declared and never used", name),
            position);
      }
    }
    CheckFiles(recipe, kTemplates, names.templates);
    CheckFiles(recipe, kFiles, names.sources);
  }

  void CheckFiles(const std::string& recipe,
                  std::string_view folder,
                  const std::map<std::string, resource::Position>& used) {
    for (const auto& [name, position] : used) {
      const bool elsewhere = name.starts_with('/') || name.find("://") != std::string::npos;
      const absl::Status found =
          FindIn(tree_, fmt::format("{}{}", RecipeFolder(recipe), folder), name).status();
      if (!elsewhere && !found.ok()) {
        Add(Severity::kError, "missing-file", std::string(Message(found)), position);
      }
    }
  }

  void CheckUse(const std::string& path) {
    if (!IsTemplate(path) && !IsFile(path)) {
      return;
    }
    const std::string recipe = RecipeOf(tree_, path);
    const Names& names = names_[recipe];
    const bool is_template = IsTemplate(path);
    const std::string folder =
        fmt::format("{}{}", RecipeFolder(recipe), is_template ? kTemplates : kFiles);
    if (!path.starts_with(folder) || (is_template ? names.any_template : names.any_source)) {
      return;
    }
    if (!(is_template ? names.templates : names.sources).contains(path.substr(folder.size()))) {
      Add(Severity::kNote, "unused-file", "no recipe names this file", {path, 0, {}});
    }
  }

  const policy::Tree& tree_;
  std::map<std::string, Names> names_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "";
}

std::vector<Finding> Lint(const policy::Tree& tree) {
  return Linter(tree).Run();
}

}  // namespace fettle::recipe
