// SPDX-License-Identifier: Apache-2.0
#include "server/notify/memory.h"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"

namespace fettle::server::notify {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

json JsonOf(const Notice& notice) {
  json value = {{"kind", KindName(notice.key.kind)},
                {"host", notice.key.host},
                {"subject", notice.key.subject},
                {"severity", SeverityName(notice.severity)},
                {"detail", notice.detail},
                {"by", notice.by},
                {"since", absl::ToUnixMicros(notice.since)}};
  if (notice.over != absl::InfiniteFuture()) {
    value["over"] = absl::ToUnixMicros(notice.over);
  }
  return value;
}

std::string TextOf(const json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<absl::Time> TimeOf(const json& value, const char* name) {
  const auto found = value.find(name);
  if (found == value.end() || !found->is_number_integer()) {
    return std::nullopt;
  }
  return absl::FromUnixMicros(found->get<int64_t>());
}

std::optional<Notice> NoticeOf(const json& value) {
  const auto kind = value.is_object() ? KindOf(TextOf(value, "kind")) : std::nullopt;
  const auto since = kind.has_value() ? TimeOf(value, "since") : std::nullopt;
  if (!since.has_value()) {
    return std::nullopt;
  }
  Notice notice;
  notice.key = {*kind, TextOf(value, "host"), TextOf(value, "subject")};
  notice.severity = TextOf(value, "severity") == SeverityName(Severity::kCritical)
                        ? Severity::kCritical
                        : Severity::kWarning;
  notice.detail = TextOf(value, "detail");
  notice.by = TextOf(value, "by");
  notice.since = *since;
  notice.over = TimeOf(value, "over").value_or(absl::InfiniteFuture());
  return notice;
}

HookMemory HookOf(const json& value) {
  HookMemory memory;
  for (const json& one : value.value("told", json::array())) {
    if (auto notice = NoticeOf(one); notice.has_value()) {
      Key key = notice->key;
      memory.told.emplace(std::move(key), *std::move(notice));
    }
  }
  for (const json& one : value.value("passed", json::array())) {
    if (auto notice = NoticeOf(one); notice.has_value()) {
      memory.passed.push_back(*std::move(notice));
    }
  }
  const auto dropped = value.find("dropped");
  memory.dropped =
      dropped != value.end() && dropped->is_number_unsigned() ? dropped->get<uint64_t>() : 0;
  return memory;
}

}  // namespace

std::string EncodeMemory(const Memory& memory) {
  json hooks = json::object();
  for (const auto& [name, hook] : memory.hooks) {
    json told = json::array();
    for (const auto& [key, notice] : hook.told) {
      told.push_back(JsonOf(notice));
    }
    json passed = json::array();
    for (const Notice& notice : hook.passed) {
      passed.push_back(JsonOf(notice));
    }
    hooks[name] = {
        {"told", std::move(told)}, {"passed", std::move(passed)}, {"dropped", hook.dropped}};
  }
  const json value = {{"version", kVersion},
                      {"cursor", absl::ToUnixMicros(memory.cursor)},
                      {"hooks", std::move(hooks)}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

absl::StatusOr<Memory> DecodeMemory(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  const auto cursor = value.is_object() ? TimeOf(value, "cursor") : std::nullopt;
  const bool whole = cursor.has_value() && value.contains("hooks") && value["hooks"].is_object();
  if (!whole) {
    return absl::DataLossError("it is not what a server wrote");
  }
  Memory memory;
  memory.cursor = *cursor;
  for (const auto& [name, hook] : value["hooks"].items()) {
    const bool lists = hook.is_object() && hook.value("told", json::array()).is_array() &&
                       hook.value("passed", json::array()).is_array();
    if (!lists) {
      return absl::DataLossError("it is not what a server wrote");
    }
    memory.hooks.emplace(name, HookOf(hook));
  }
  return memory;
}

}  // namespace fettle::server::notify
