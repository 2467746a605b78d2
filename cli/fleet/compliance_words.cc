// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/compliance_words.h"

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/fleet/present.h"
#include "lib/base/text.h"
#include "lib/digest/digest.h"

namespace fettle::cli {
namespace {

std::string Dump(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// The two code points that UTF-8 can say and XML cannot, besides control characters.
bool IsNoCharacter(std::string_view rest) {
  return rest.starts_with("\xef\xbf\xbe") || rest.starts_with("\xef\xbf\xbf");
}

unsigned char Byte(char c) {
  return static_cast<unsigned char>(c);
}

}  // namespace

std::string_view VerdictText(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_COMPLIANT:
      return "compliant";
    case v1::VERDICT_NOT_COMPLIANT:
      return "not compliant";
    case v1::VERDICT_WAIVED:
      return "waived";
    case v1::VERDICT_NOT_APPLICABLE:
      return "not applicable";
    default:
      return "unknown";
  }
}

std::string UtcText(int64_t microseconds) {
  return absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(microseconds), absl::UTCTimeZone());
}

std::string EvidenceText(const v1::ControlEvidence& evidence) {
  return fmt::format("{} {} since {}{}{}",
                     evidence.resource(),
                     StateCell(evidence.state()).text,
                     UtcText(evidence.since_us()),
                     evidence.position().empty() ? "" : " at ",
                     evidence.position());
}

std::string EvidenceText(const v1::ControlFinding& finding) {
  std::vector<std::string> parts;
  for (const v1::ControlEvidence& one : finding.evidence()) {
    parts.push_back(EvidenceText(one));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string WaiverText(const v1::ControlFinding& finding) {
  if (!finding.has_waiver()) {
    return "";
  }
  const v1::WaiverRecord& waiver = finding.waiver();
  return fmt::format("{} {}: {} (approved by {}{}{})",
                     waiver.ended() ? "waiver ENDED" : "waived until",
                     UtcText(waiver.until_us()),
                     waiver.reason(),
                     waiver.approver(),
                     waiver.compensating().empty() ? "" : "; instead: ",
                     waiver.compensating());
}

std::vector<std::string> NotesOf(const v1::AssessResponse& response) {
  std::vector<std::string> notes(response.caveats().begin(), response.caveats().end());
  notes.insert(notes.end(), response.problems().begin(), response.problems().end());
  return notes;
}

std::string MarkupText(std::string_view text) {
  const std::string safe = Safe(text);
  std::string escaped;
  for (std::size_t i = 0; i < safe.size(); ++i) {
    switch (safe[i]) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        if (IsNoCharacter(std::string_view(safe).substr(i))) {
          escaped += "?";
          i += 2;
        } else {
          escaped += safe[i];
        }
    }
  }
  return escaped;
}

std::string StableUuid(std::initializer_list<std::string_view> parts) {
  Sha256Stream stream;
  stream.Update("fettle compliance");
  for (const std::string_view part : parts) {
    stream.Update(fmt::format("\n{}:", part.size()));  // So that no two lists read alike.
    stream.Update(part);
  }
  Digest digest = stream.Finish();
  digest.bytes[6] = static_cast<uint8_t>((digest.bytes[6] & 0x0f) | 0x50);
  digest.bytes[8] = static_cast<uint8_t>((digest.bytes[8] & 0x3f) | 0x80);
  const std::string hex = digest.Hex();
  return fmt::format("{}-{}-{}-{}-{}",
                     hex.substr(0, 8),
                     hex.substr(8, 4),
                     hex.substr(12, 4),
                     hex.substr(16, 4),
                     hex.substr(20, 12));
}

std::string TokenOf(std::string_view name) {
  const bool begins = !name.empty() && (absl::ascii_isalpha(Byte(name[0])) || name[0] == '_');
  std::string token = begins ? "" : "_";
  for (const char c : name) {
    const bool plain = absl::ascii_isalnum(Byte(c)) || c == '.' || c == '-' || c == '_';
    token += plain ? c : '_';
  }
  return token == name ? token : fmt::format("{}_{}", token, Sha256(name).Hex().substr(0, 8));
}

Place PlaceOf(std::string_view position) {
  const std::size_t colon = position.rfind(':');
  Place place;
  if (colon == std::string_view::npos || !ParseInt(position.substr(colon + 1), &place.line) ||
      place.line < 1) {
    return {std::string(position), 0};
  }
  place.path = position.substr(0, colon);
  return place;
}

std::string UriOfPath(std::string_view path) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string uri;
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return uri;
}

std::string JsonFile(const nlohmann::ordered_json& json) {
  return Dump(json, 2);
}

std::string JsonLine(const nlohmann::ordered_json& json) {
  return Dump(json, -1);
}

}  // namespace fettle::cli
