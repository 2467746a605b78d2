// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/compliance_trend.h"

#include <utility>

#include <fmt/format.h>

#include "cli/fleet/present.h"
#include "cli/terminal/table.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

constexpr std::size_t kMostMoments = 100;

Cell Number(uint32_t number, Tone tone) {
  return {fmt::format("{}", number), number == 0 ? Tone::kDim : tone};
}

}  // namespace

absl::StatusOr<std::vector<absl::Time>> TrendMoments(absl::Time since,
                                                     absl::Time now,
                                                     absl::TimeZone zone) {
  std::vector<absl::Time> moments = {since};
  absl::CivilDay day = absl::ToCivilDay(since, zone) + 1;
  for (absl::Time at = absl::FromCivil(day, zone); at < now; at = absl::FromCivil(++day, zone)) {
    if (moments.size() + 1 >= kMostMoments) {
      return InvalidArgument("--since: a trend has at most {} days; take a later one, or --at",
                             kMostMoments - 2);
    }
    moments.push_back(at);
  }
  moments.push_back(now);
  return moments;
}

std::string TrendText(const v1::TrendResponse& response,
                      absl::TimeZone zone,
                      bool colour,
                      std::size_t width) {
  Table table({"TIME", "SCORE", "OK", "NOT", "WAIVED", "UNKNOWN", "N/A", "HOSTS"});
  for (const v1::TrendPoint& point : response.points()) {
    const v1::VerdictCounts& counts = point.counts();
    const uint32_t apply =
        counts.compliant() + counts.not_compliant() + counts.waived() + counts.unknown();
    table.Add({{absl::FormatTime("%Y-%m-%d %H:%M", FromMicroseconds(point.at_us()), zone)},
               {apply == 0 ? "-" : fmt::format("{:.1f} %", counts.score() * 100)},
               Number(counts.compliant(), Tone::kGood),
               Number(counts.not_compliant(), Tone::kBad),
               Number(counts.waived(), Tone::kChanged),
               Number(counts.unknown(), Tone::kBad),
               Number(counts.not_applicable(), Tone::kDim),
               Number(point.hosts(), Tone::kPlain)});
  }
  return table.Format(colour, width);
}

}  // namespace fettle::cli
