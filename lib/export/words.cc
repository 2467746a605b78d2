// SPDX-License-Identifier: Apache-2.0
#include "lib/export/words.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lib/base/text.h"
#include "lib/digest/digest.h"
#include "lib/resource/report.h"
#include "lib/wire/report_wire.h"

namespace fettle::exports {
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

std::string CsvField(std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  std::string field = "\"";
  field += formula ? "'" : "";
  for (const char c : text) {
    field += c;
    if (c == '"') {
      field += c;
    }
  }
  return field + "\"";
}

constexpr std::string_view kStyle = R"(
body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;color:#1b1f24}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid #d5d9de}
th{font-weight:600;border-bottom:2px solid #8a929b}td.n,th.n{text-align:right}
.bad{color:#a11;font-weight:600}.waived{color:#8a5a00}.unknown{color:#555}
@media print{body{margin:0;max-width:none;font-size:11px}tr{break-inside:avoid}thead{display:table-header-group}}
)";

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

std::string_view StateText(v1::State state) {
  return resource::StateName(wire::FromProto(state).value_or(resource::State::kUnknown));
}

std::string UtcText(int64_t microseconds) {
  return absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(microseconds), absl::UTCTimeZone());
}

std::string EvidenceText(const v1::ControlEvidence& evidence) {
  return fmt::format("{} {} since {}{}{}",
                     evidence.resource(),
                     StateText(evidence.state()),
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

std::string Safe(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(),
      out.end(),
      [](unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F; },
      '?');
  return out;
}

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    line += (line.empty() ? "" : ",") + CsvField(field);
  }
  return line + "\r\n";
}

std::string HtmlPage(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>{}</title><style>{}</style></head><body>\n{}</body></html>\n",
      MarkupText(title),
      kStyle,
      body);
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

}  // namespace fettle::exports
