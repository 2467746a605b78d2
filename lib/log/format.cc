// SPDX-License-Identifier: Apache-2.0
#include "lib/log/format.h"

#include <nlohmann/json.hpp>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>

#include "lib/base/clock.h"
#include "lib/log/request.h"

namespace fettle::log {
namespace {

void Append(std::string_view text, spdlog::memory_buf_t* to) {
  to->append(text.data(), text.data() + text.size());
}

class Json final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    const auto level = spdlog::level::to_string_view(message.level);
    nlohmann::json line = {
        {"time", Rfc3339(absl::FromChrono(message.time))},
        {"level", std::string_view(level.data(), level.size())},
        {"message", std::string_view(message.payload.data(), message.payload.size())}};
    if (const std::string& request = CurrentRequestId(); !request.empty()) {
      line["request"] = request;
    }
    Append(line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace), &to);
    Append("\n", &to);
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<Json>(); }
};

class RequestFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& /*message*/,
              const std::tm& /*time*/,
              spdlog::memory_buf_t& to) override {
    if (const std::string& request = CurrentRequestId(); !request.empty()) {
      Append(" (request ", &to);
      Append(request, &to);
      Append(")", &to);
    }
  }

  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<RequestFlag>();
  }
};

}  // namespace

std::unique_ptr<spdlog::formatter> JsonFormatter() {
  return std::make_unique<Json>();
}

std::unique_ptr<spdlog::formatter> TextFormatter(const std::string& pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<RequestFlag>('*').set_pattern(pattern + "%*");
  return formatter;
}

}  // namespace fettle::log
