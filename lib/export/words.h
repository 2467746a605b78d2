// SPDX-License-Identifier: Apache-2.0
// What the exports of an assessment have in common. Nothing here prints.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "fettle/v1/compliance.pb.h"

namespace fettle::exports {

// "compliant", "not compliant", "waived", "not applicable", "unknown".
std::string_view VerdictText(v1::Verdict verdict);

// "drifted", the plain word.
std::string_view StateText(v1::State state);

// "2027-01-15T08:00:00Z" for microseconds since 1970.
std::string UtcText(int64_t microseconds);

// "file:/etc/motd drifted since 2027-01-15T08:00:00Z at recipes/a/init.lua:2", for one and for all
// of a finding, between semicolons.
std::string EvidenceText(const v1::ControlEvidence& evidence);
std::string EvidenceText(const v1::ControlFinding& finding);

// "waived until 2027-01-15T08:00:00Z: why (approved by ann)"; "" without a waiver.
std::string WaiverText(const v1::ControlFinding& finding);

// What is not known of then and what could not be read: a line each.
std::vector<std::string> NotesOf(const v1::AssessResponse& response);

// `text` with control characters but newline and tab as "?".
std::string Safe(std::string_view text);

// A line of RFC 4180. What could start a formula in a spreadsheet is quoted with an apostrophe.
std::string CsvLine(const std::vector<std::string>& fields);

// An HTML file that needs no other, and prints well. `title` is text, `body` markup.
std::string HtmlPage(std::string_view title, std::string_view body);

// For XML and HTML alike, in text and in quoted attributes. What cannot stand there, like control
// characters, becomes "?".
std::string MarkupText(std::string_view text);

// A UUID that follows from `parts` alone, so that one thing has one name in every export: the form
// of version 5, from SHA-256.
std::string StableUuid(std::initializer_list<std::string_view> parts);

// `name` as an XML name without colons (ASCII), which OSCAL calls a token; itself if it is one, and
// otherwise one that no other name becomes.
std::string TokenOf(std::string_view name);

// A place in a tree, "recipes/a/init.lua:2"; line 0 when none is said.
struct Place {
  std::string path;
  int64_t line = 0;
};

Place PlaceOf(std::string_view position);

// A path of a tree as a relative reference of RFC 3986.
std::string UriOfPath(std::string_view path);

// `json` as text that ends with a newline, indented unless it is to be one line. What is no UTF-8
// is replaced.
std::string JsonFile(const nlohmann::ordered_json& json);
std::string JsonLine(const nlohmann::ordered_json& json);

}  // namespace fettle::exports
