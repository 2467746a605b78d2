// SPDX-License-Identifier: Apache-2.0
#include "server/http/message.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/text.h"

namespace fettle::server::http {
std::string_view Request::Header(std::string_view name) const {
  std::string_view value;
  bool found = false;
  for (const auto& [header, text] : headers) {
    if (header == name) {
      value = found ? std::string_view() : std::string_view(text);
      found = true;
    }
  }
  return value;
}

std::string_view Request::Cookie(std::string_view name) const {
  for (std::string_view one : Split(Header("cookie"), ';')) {
    one = Trim(one);
    if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) {
      return one.substr(name.size() + 1);
    }
  }
  return {};
}

Response TextResponse(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body = fmt::format("{}\n", text);
  return response;
}

Response JsonResponse(int status, std::string json) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = std::move(json);
  return response;
}

}  // namespace fettle::server::http
