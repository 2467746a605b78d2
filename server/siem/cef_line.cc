// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/siem/format.h"
#include "server/siem/text.h"

#ifndef FETTLE_VERSION
#error "the build says which version this is"
#endif

namespace fettle::server::siem {
namespace {

constexpr std::size_t kMostText[] = {1000, 300, 100, 40};
constexpr std::size_t kMostName = 200;
constexpr std::size_t kMostDifferences = 5;
constexpr std::string_view kFile = "file:";

// Control characters, also those that UTF-8 writes in two bytes, end lines in some readers; they
// become blanks, and so do U+2028 and U+2029. `escape` answers what stands for a character, "" for
// itself.
template <typename Escape>
std::string Clean(std::string_view text, const Escape& escape) {
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const auto next = [&](std::size_t by) {
      return i + by < text.size() ? static_cast<unsigned char>(text[i + by]) : 0U;
    };
    if (const std::string_view instead = escape(c); !instead.empty()) {
      clean += instead;
    } else if (byte < 0x20 || byte == 0x7F) {
      clean += ' ';
    } else if (byte == 0xC2 && next(1) >= 0x80 && next(1) < 0xA0) {
      clean += ' ';
      ++i;
    } else if (byte == 0xE2 && next(1) == 0x80 && (next(2) == 0xA8 || next(2) == 0xA9)) {
      clean += ' ';
      i += 2;
    } else {
      clean += c;
    }
  }
  return clean;
}

// In the header the bar ends a field, and there is no way to write the end of a line.
std::string Header(std::string_view text) {
  return Clean(text, [](char c) -> std::string_view {
    return c == '|' ? "\\|" : c == '\\' ? "\\\\" : "";
  });
}

// In the extension "=" ends a key, and a bar is a character like others.
std::string Value(std::string_view text) {
  return Clean(text, [](char c) -> std::string_view {
    switch (c) {
      case '=':
        return "\\=";
      case '\\':
        return "\\\\";
      case '\n':
        return "\\n";
      case '\r':
        return "\\r";
      default:
        return "";
    }
  });
}

// The extension, being written.
class Extension {
 public:
  explicit Extension(std::size_t most) : most_(most) {}

  // Leaves out what is empty.
  void Add(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      text_ += fmt::format("{}{}={}", text_.empty() ? "" : " ", key, Value(CutText(value, most_)));
    }
  }

  void AddNumber(std::string_view key, int64_t value) { Add(key, std::to_string(value)); }

  // One of the fields whose meaning the sender says: "cs1" and "cs1Label".
  void AddLabelled(const std::string& key, std::string_view label, std::string_view value) {
    if (!value.empty()) {
      Add(key + "Label", label);
      Add(key, value);
    }
  }

  const std::string& text() const { return text_; }

 private:
  const std::size_t most_;
  std::string text_;
};

std::string DifferencesOf(const Event& event) {
  std::vector<std::string> parts;
  for (const resource::DifferenceRecord& one : event.differences) {
    if (parts.size() == kMostDifferences) {
      parts.push_back(fmt::format("{} more", event.differences.size() - kMostDifferences));
      break;
    }
    parts.push_back(fmt::format("{}: {} -> {}", one.attribute, one.current, one.desired));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

// The dictionary's names for a process and its user, who did it; `src` has to be an address of
// version 4, others have a field of their own.
void AddActor(const resource::Actor& actor, Extension* to) {
  to->Add("sproc", actor.command.empty() ? actor.executable : actor.command);
  if (actor.pid != 0) {
    to->AddNumber("spid", actor.pid);
  }
  to->Add("suser", actor.login.empty() ? actor.user : actor.login);
  if (actor.ssh_source.find(':') == std::string::npos) {
    to->Add("src", actor.ssh_source);
  } else {
    to->AddLabelled("c6a2", "Source IPv6 Address", actor.ssh_source);
  }
  to->AddLabelled("cs5", "actor", resource::DescribeActor(actor));
}

void AddWho(const Event& event, Extension* to) {
  if (event.actor.has_value()) {
    AddActor(*event.actor, to);
  } else if (event.who.starts_with("host/")) {
    to->Add("shost", std::string_view(event.who).substr(std::string_view("host/").size()));
  } else if (event.who.starts_with("user/")) {
    to->Add("suser", std::string_view(event.who).substr(std::string_view("user/").size()));
  } else {
    to->Add("suser", event.who);
  }
}

std::string ExtensionOf(const Event& event, std::string_view server, std::size_t most) {
  Extension to(most);
  to.AddNumber("rt", absl::ToUnixMillis(event.received));
  to.AddNumber("start", absl::ToUnixMillis(event.time));
  to.Add("externalId", event.id);
  to.Add("dvchost", server);
  to.Add("cat", event.kind);
  to.Add("outcome", event.failed ? "failure" : "success");
  to.Add("dhost", event.host);
  AddWho(event, &to);
  to.Add("act", event.act);
  if (event.resource.starts_with(kFile)) {
    to.Add("filePath", std::string_view(event.resource).substr(kFile.size()));
  }
  to.AddLabelled("cs1", "resource", event.resource);
  to.AddLabelled("cs2", "revision", event.revision);
  to.AddLabelled("cs3", "run", event.run);
  to.AddLabelled("cs4", "differences", DifferencesOf(event));
  to.AddLabelled("cs6", "controls", fmt::format("{}", fmt::join(event.controls, ", ")));
  if (event.leaf.has_value()) {
    to.AddLabelled("cn1", "leaf", std::to_string(*event.leaf));
  }
  if (event.result.has_value()) {
    to.AddLabelled("cn2", "changed", std::to_string(event.result->counts.changed));
    to.AddLabelled("cn3", "failed", std::to_string(event.result->counts.failed));
  }
  to.Add("reason", event.detail);
  to.Add("msg", event.summary);
  return to.text();
}

}  // namespace

std::string CefLine(const Event& event, std::string_view server) {
  const std::string header = fmt::format("CEF:0|Fettle|Fettle|{}|{}|{}|{}|",
                                         Header(FETTLE_VERSION),
                                         Header(event.kind),
                                         Header(CutText(event.summary, kMostName)),
                                         event.severity);
  std::string line;
  for (const std::size_t most : kMostText) {
    line = header + ExtensionOf(event, server, most);
    if (line.size() <= kMostLine) {
      break;
    }
  }
  return line;
}

}  // namespace fettle::server::siem
