// SPDX-License-Identifier: Apache-2.0
#include "cli/completion/completion.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

namespace fettle::cli {
namespace {

// A word that can be typed, and what it means.
struct Word {
  std::string text;
  std::string about;
};

// An option with the few values that it takes.
struct Choice {
  std::string option;
  std::vector<std::string> values;
};

// What can follow a command: " channel set" by its path, "" for the program itself.
struct Place {
  std::string path;
  std::vector<Word> commands;
  std::vector<Word> options;
  std::vector<Choice> choices;
};

// The values in what CLI11 says of an option's type: "TEXT:{table,json}".
std::vector<std::string> Values(const std::string& type) {
  std::vector<std::string> values;
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) {
    return values;
  }
  std::string_view rest = std::string_view(type).substr(begin + 1, end - begin - 1);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    values.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return values;
}

void AddOption(const CLI::Option& option, Place& place) {
  const std::vector<std::string> values = Values(option.get_type_name());
  const auto add = [&](const std::string& name) {
    place.options.push_back({name, option.get_description()});
    if (!values.empty()) {
      place.choices.push_back({name, values});
    }
  };
  for (const std::string& name : option.get_snames()) {
    add("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    add("--" + name);
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as our commands are, which is two.
void Collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
  Place place;
  place.path = path;
  for (const CLI::Option* const option : app.get_options()) {
    AddOption(*option, place);
  }
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* const command : commands) {
    place.commands.push_back({command->get_name(), command->get_description()});
  }
  places.push_back(std::move(place));
  for (const CLI::App* const command : commands) {
    Collect(*command, path + " " + command->get_name(), places);
  }
}

std::vector<Place> Places(const CLI::App& app) {
  std::vector<Place> places;
  Collect(app, "", places);
  return places;
}

std::string Joined(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) {
    text += (text.empty() ? "" : " ") + word.text;
  }
  return text;
}

// `text` inside single quotes of a shell.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return out + "'";
}

// One case of a shell for every path but the program's own.
std::string PathCases(const std::vector<Place>& places) {
  std::string patterns;
  for (const Place& place : places) {
    if (!place.path.empty()) {
      patterns += (patterns.empty() ? "" : "|") + Quoted(place.path);
    }
  }
  return patterns;
}

std::string ChoiceCases(const std::vector<Place>& places, std::string_view format) {
  std::string cases;
  for (const Place& place : places) {
    for (const Choice& choice : place.choices) {
      cases += fmt::format("    {}) {} ;;\n",
                           Quoted(place.path + " " + choice.option),
                           fmt::format(fmt::runtime(format), fmt::join(choice.values, " ")));
    }
  }
  return cases;
}

// What zsh's _describe takes: 'word:what it means'.
std::string Described(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) {
    std::string name;
    for (const char c : word.text) {
      name += c == ':' ? std::string("\\:") : std::string(1, c);
    }
    text += " " + Quoted(name + ":" + word.about);
  }
  return text;
}

}  // namespace

std::string BashCompletion(const CLI::App& app) {
  const std::vector<Place> places = Places(app);
  std::string words;
  for (const Place& place : places) {
    words += fmt::format("    {}) commands={} options={} ;;\n",
                         Quoted(place.path),
                         Quoted(Joined(place.commands)),
                         Quoted(Joined(place.options)));
  }
  return fmt::format(
      R"(# bash completion for fettle; made by `fettle completion bash`.
_fettle() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
  local at='' i commands='' options='' values=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at ${{COMP_WORDS[i]}}" in
    {}) at="$at ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$at $prev" in
{}  esac
  case "$at" in
{}  esac
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$cur"))
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  fi
}}
complete -o default -F _fettle fettle
)",
      PathCases(places),
      ChoiceCases(places, "values='{}'"),
      words);
}

std::string ZshCompletion(const CLI::App& app) {
  const std::vector<Place> places = Places(app);
  std::string words;
  for (const Place& place : places) {
    words += fmt::format("    {}) commands=({}) options=({}) ;;\n",
                         Quoted(place.path),
                         Described(place.commands),
                         Described(place.options));
  }
  return fmt::format(
      R"(#compdef fettle
# zsh completion for fettle; made by `fettle completion zsh`.
_fettle() {{
  local at='' i
  local -a commands options values
  for ((i = 2; i < CURRENT; i++)); do
    case "$at ${{words[i]}}" in
    {}) at="$at ${{words[i]}}" ;;
    esac
  done
  case "$at ${{words[CURRENT-1]}}" in
{}  esac
  case "$at" in
{}  esac
  if (( $#values )); then
    compadd -a values
  elif [[ $PREFIX == -* ]]; then
    _describe option options
  elif (( $#commands )); then
    _describe command commands
  else
    _files
  fi
}}
if [[ $funcstack[1] == _fettle ]]; then
  _fettle "$@"
else
  compdef _fettle fettle
fi
)",
      PathCases(places),
      ChoiceCases(places, "values=({})"),
      words);
}

}  // namespace fettle::cli
