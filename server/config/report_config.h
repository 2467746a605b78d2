// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "server/config/report.h"

namespace fettle::server {

// Reads the value of `report`: a list of tables. What is wrong is added to `problems`, each with
// `origin`:line; what is left then means nothing.
std::vector<ScheduledReport> ReadReports(const toml::node& node,
                                         std::string_view origin,
                                         std::vector<std::string>* problems);

// The names of all settings of a [[report]], sorted.
std::vector<std::string_view> ReportSettings();

}  // namespace fettle::server
