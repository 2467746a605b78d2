// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "fettle/v1/history.pb.h"

// The drift of a time in forms that other programs and people take. Pure.
namespace fettle::exports {

struct DriftOfTime {
  absl::Time since;
  absl::Time until;
  std::vector<v1::DriftRecord> records;  // Newest first.
  bool cut = false;                      // There were more.
};

// "12 drifts of 3 resources on 4 hosts: 2 open, 9 put right, 1 failed".
std::string DriftSummary(const DriftOfTime& drift);

// A file with a line a drift, after a heading.
std::string DriftCsv(const DriftOfTime& drift);
// One file without references: the same resource once, with its hosts; then every drift.
std::string DriftHtml(const DriftOfTime& drift);
// An object of JSON a drift and line.
std::string DriftJsonLines(const DriftOfTime& drift);

}  // namespace fettle::exports
