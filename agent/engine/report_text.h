// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/resource/report.h"

namespace fettle::engine {

struct TextOptions {
  bool plan = false;    // Speak of what would be done.
  bool colour = false;  // ANSI colours, for a terminal.
};

// One resource for people: a line with its state and place, then what differed and why. Control
// characters of what was found on the host are made visible, so that nothing on a host can speak to
// the terminal of who reads it. Ends with a newline.
std::string ResourceText(const resource::ResourceReport& resource, const TextOptions& options);

// The last lines of a run: what came of it, in one sentence. Ends with a newline.
std::string SummaryText(const resource::RunReport& report, const TextOptions& options);

// All of a report: skipped resources are told once, with what they wait for.
std::string ReportText(const resource::RunReport& report, const TextOptions& options);

}  // namespace fettle::engine
