// SPDX-License-Identifier: Apache-2.0
// Inside server/config only: how the lists of tables in the configuration, [[notify]] and the like,
// are read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "lib/base/text.h"
#include "lib/resource/schema.h"

namespace fettle::server {

// Sets one field of a T from a TOML value; answers what is wrong with it, "" if nothing.
template <typename T>
using SetterOf = std::function<std::string(const toml::node&, T*)>;

template <typename T>
using SettersOf = std::map<std::string, SetterOf<T>, std::less<>>;

template <typename T>
SetterOf<T> TextSetter(std::string T::*field) {
  return [field](const toml::node& node, T* to) -> std::string {
    const std::string value = node.value<std::string>().value_or("");
    if (!node.is_string() || value.empty()) {
      return "wants text in quotes";
    }
    to->*field = value;
    return "";
  };
}

template <typename T>
SetterOf<T> FileSetter(std::string T::*field) {
  return [field](const toml::node& node, T* to) -> std::string {
    const std::string value = node.value<std::string>().value_or("");
    if (!node.is_string() || !value.starts_with('/')) {
      return "wants the absolute path of a file in quotes";
    }
    to->*field = value;
    return "";
  };
}

template <typename T>
SetterOf<T> SpanSetter(absl::Duration T::*field, absl::Duration least, absl::Duration most) {
  return [=](const toml::node& node, T* to) -> std::string {
    const auto duration = resource::ParseDuration(node.value<std::string>().value_or(""));
    if (!node.is_string() || !duration.ok()) {
      return "wants a duration in quotes, like \"30s\" or \"5m\"";
    }
    if (*duration < least || *duration > most) {
      return fmt::format(
          "wants between {} and {}", absl::FormatDuration(least), absl::FormatDuration(most));
    }
    to->*field = *duration;
    return "";
  };
}

// A list of some of `known`.
template <typename T>
SetterOf<T> WordsSetter(std::set<std::string, std::less<>> T::*field,
                        std::string_view what,
                        std::vector<std::string_view> known) {
  return [=](const toml::node& node, T* to) -> std::string {
    const toml::array* const list = node.as_array();
    if (list == nullptr || list->empty() || !list->is_homogeneous(toml::node_type::string)) {
      return fmt::format("wants a list of {0}s, like [\"{1}\"]", what, known.front());
    }
    (to->*field).clear();
    for (const toml::node& one : *list) {
      const std::string word = *one.value<std::string>();
      if (std::find(known.begin(), known.end(), word) == known.end()) {
        return fmt::format("has no {} \"{}\"{}; there are {}",
                           what,
                           word,
                           DidYouMean(word, known),
                           fmt::join(known, ", "));
      }
      (to->*field).insert(word);
    }
    return "";
  };
}

// A name that is a word in logs and metrics.
template <typename T>
SetterOf<T> NameSetter() {
  return [](const toml::node& node, T* to) -> std::string {
    constexpr std::size_t kMost = 32;
    const std::string name = node.value<std::string>().value_or("");
    const bool good =
        !name.empty() && name.size() <= kMost && std::all_of(name.begin(), name.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
    if (!good) {
      return fmt::format("wants 1 to {} lower-case letters, digits and dashes in quotes", kMost);
    }
    to->name = name;
    return "";
  };
}

template <typename T>
std::vector<std::string_view> NamesOf(const SettersOf<T>& setters) {
  std::vector<std::string_view> names;
  for (const auto& [name, setter] : setters) {
    names.push_back(name);
  }
  return names;
}

// What a list of tables named `word` is read with.
template <typename T>
struct TablesReader {
  std::string_view word;  // "notify" for [[notify]].
  const SettersOf<T>& setters;
  // Defaults that follow from other fields, and what is wrong with one as a whole; "" if nothing.
  std::function<std::string(const toml::table&, T*)> finish;
};

template <typename T>
T ReadTable(const TablesReader<T>& reader,
            const toml::table& table,
            std::string_view origin,
            std::vector<std::string>* problems) {
  T read;
  const std::size_t before = problems->size();
  const auto complain = [&](const toml::node& node, std::string_view what) {
    problems->push_back(fmt::format("{}:{}: {}", origin, node.source().begin.line, what));
  };
  for (const auto& [key, node] : table) {
    const auto found = reader.setters.find(key.str());
    if (found == reader.setters.end()) {
      complain(node,
               fmt::format("\"{}\" is no setting of [[{}]]{}",
                           key.str(),
                           reader.word,
                           DidYouMean(key.str(), NamesOf(reader.setters))));
    } else if (const std::string problem = found->second(node, &read); !problem.empty()) {
      complain(node, fmt::format("{} {}", key.str(), problem));
    }
  }
  const std::string problem =
      read.name.empty() ? std::string("wants a name") : reader.finish(table, &read);
  if (!problem.empty() && problems->size() == before) {
    complain(table, fmt::format("[[{}]] {}", reader.word, problem));
  }
  return read;
}

// What is wrong is added to `problems`, each with `origin`:line; what is left then means nothing.
template <typename T>
std::vector<T> ReadTables(const TablesReader<T>& reader,
                          const toml::node& node,
                          std::string_view origin,
                          std::vector<std::string>* problems) {
  constexpr std::size_t kMost = 32;
  const auto line = node.source().begin.line;
  const toml::array* const list = node.as_array();
  if (list == nullptr || !list->is_homogeneous(toml::node_type::table)) {
    problems->push_back(
        fmt::format("{0}:{1}: {2} wants [[{2}]] tables", origin, line, reader.word));
    return {};
  }
  if (list->size() > kMost) {
    problems->push_back(fmt::format("{}:{}: there are {} of [[{}]], more than {}",
                                    origin,
                                    line,
                                    list->size(),
                                    reader.word,
                                    kMost));
    return {};
  }
  std::vector<T> all;
  std::set<std::string> names;
  for (const toml::node& one : *list) {
    all.push_back(ReadTable(reader, *one.as_table(), origin, problems));
    if (!all.back().name.empty() && !names.insert(all.back().name).second) {
      problems->push_back(fmt::format("{}:{}: there are two [[{}]] named \"{}\"",
                                      origin,
                                      one.source().begin.line,
                                      reader.word,
                                      all.back().name));
    }
  }
  return all;
}

}  // namespace fettle::server
