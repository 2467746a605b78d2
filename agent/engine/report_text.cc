// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/report_text.h"

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "lib/base/text.h"

namespace fettle::engine {
namespace {

using resource::DifferenceRecord;
using resource::ResourceReport;
using resource::State;

constexpr std::string_view kRed = "31";
constexpr std::string_view kGreen = "32";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kDim = "2";

std::string Paint(std::string_view text, std::string_view colour, const TextOptions& options) {
  return options.colour && !colour.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text)
                                           : std::string(text);
}

// Control characters but the newline and the tab, made visible.
std::string Visible(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string Indent(std::string_view text, std::string_view by) {
  std::string out;
  for (const std::string_view line : SplitLines(text)) {
    out += by;
    out += line;
    out += '\n';
  }
  return out;
}

struct Look {
  std::string_view sign;
  std::string_view colour;
  std::string_view word;
};

Look LookOf(State state, bool plan) {
  switch (state) {
    case State::kOk:
      return {" ", "", "ok"};
    case State::kUnknown:
      return {"?", kDim, "left alone"};
    case State::kSkipped:
      return {"-", kDim, "skipped"};
    case State::kChanged:
      return {"~", kGreen, "changed"};
    case State::kDrifted:
      return {"~", kYellow, plan ? "would change" : "drifted"};
    case State::kReverted:
      return {"<", kRed, "reverted"};
    case State::kBlocked:
      return {"!", kYellow, "blocked"};
    case State::kFailed:
      break;
  }
  return {"!", kRed, "failed"};
}

std::string DiffText(std::string_view diff, const TextOptions& options) {
  std::string out;
  for (const std::string_view line : SplitLines(diff)) {
    const std::string_view colour = line.starts_with('+')   ? kGreen
                                    : line.starts_with('-') ? kRed
                                                            : kDim;
    out += "      " + Paint(Visible(line), colour, options) + "\n";
  }
  return out;
}

std::string DifferenceText(const DifferenceRecord& record, const TextOptions& options) {
  std::string note;
  if (record.cause == resource::Cause::kDrift) {
    note =
        record.last_set.empty() || record.last_set == record.desired
            ? "  (changed behind our back)"
            : fmt::format("  (changed behind our back, we last set {})", Visible(record.last_set));
  }
  if (!record.diff.empty()) {
    return fmt::format("    {}:{}\n{}", record.attribute, note, DiffText(record.diff, options));
  }
  return fmt::format("    {}: {} -> {}{}\n",
                     record.attribute,
                     Visible(record.current),
                     Visible(record.desired),
                     note);
}

// "- 12 skipped, because file:/a failed: …".
std::string SkippedText(const resource::RunReport& report, const TextOptions& options) {
  std::map<std::string, std::vector<std::string>> by_cause;
  std::set<std::string_view> blocked;
  for (const ResourceReport& resource : report.resources) {
    if (resource.state == State::kBlocked) {
      blocked.insert(resource.id);
    }
    if (resource.state == State::kSkipped) {
      by_cause[resource.root_cause].push_back(resource.id);
    }
  }
  std::string text;
  for (const auto& [cause, ids] : by_cause) {
    constexpr std::size_t kShown = 5;
    std::string names;
    for (std::size_t i = 0; i < ids.size() && i < kShown; ++i) {
      names += (i == 0 ? "" : ", ") + ids[i];
    }
    names += ids.size() > kShown ? fmt::format(" and {} more", ids.size() - kShown) : "";
    text += Paint(fmt::format("- {} skipped, because {} {}: {}\n",
                              ids.size(),
                              cause,
                              blocked.contains(cause) ? "is blocked" : "failed",
                              names),
                  kDim,
                  options);
  }
  return text;
}

}  // namespace

std::string ResourceText(const ResourceReport& resource, const TextOptions& options) {
  const Look look = LookOf(resource.state, options.plan);
  std::string head = fmt::format("{} {}  {}", look.sign, Visible(resource.id), look.word);
  if (resource.cause == resource::Cause::kDrift) {
    head += " (drift)";
  }
  std::string text = Paint(head, look.colour, options);
  if (!resource.position.empty()) {
    text += Paint("  " + resource.position, kDim, options);
  }
  text += '\n';
  for (const DifferenceRecord& record : resource.differences) {
    text += DifferenceText(record, options);
  }
  if (!resource.error.empty()) {
    const std::string_view colour = resource.state == State::kFailed ? kRed : "";
    text += Paint(Indent(Visible(resource.error), "    "), colour, options);
  }
  if (resource.actor.has_value()) {
    text += fmt::format("    by {}\n", Visible(resource::DescribeActor(*resource.actor)));
  }
  if (!resource.refreshed.empty()) {
    text += fmt::format("    {}\n", Visible(resource.refreshed));
  }
  return text;
}

std::string SummaryText(const resource::RunReport& report, const TextOptions& options) {
  if (!report.error.empty()) {
    return Paint(fmt::format("The run failed: {}\n", Visible(report.error)), kRed, options);
  }
  const resource::RunCounts& counts = report.counts;
  if (counts.ok == counts.total()) {
    return fmt::format("{} resource{}, all as declared.\n", counts.ok, counts.ok == 1 ? "" : "s");
  }
  std::string text = fmt::format("{} resources: {} ok", counts.total(), counts.ok);
  const std::pair<int32_t, std::string_view> parts[] = {
      {counts.changed, "changed"},
      {counts.drifted, options.plan ? "would change" : "drifted"},
      {counts.failed, "failed"},
      {counts.blocked, "blocked"},
      {counts.reverted, "reverted"},
      {counts.skipped, "skipped"},
      {counts.unknown, "left alone"}};
  for (const auto& [count, word] : parts) {
    text += count > 0 ? fmt::format(", {} {}", count, word) : "";
  }
  return Paint(text + ".", counts.failed > 0 ? kRed : "", options) + "\n";
}

std::string ReportText(const resource::RunReport& report, const TextOptions& options) {
  std::string text;
  for (const ResourceReport& resource : report.resources) {
    text += resource.state == State::kSkipped ? "" : ResourceText(resource, options);
  }
  return text + SkippedText(report, options) + SummaryText(report, options);
}

}  // namespace fettle::engine
