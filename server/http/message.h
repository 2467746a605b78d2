// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Requests and answers as values. Pure.
namespace fettle::server::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "GET"
  std::string path;    // Percent-decoded, begins with '/', without the query.
  Headers headers;     // Names in lower case; each value trimmed.
  std::string body;

  std::string address;      // Where it came from.
  std::string certificate;  // PEM of what the client showed, verified by TLS; "" if nothing.

  // The value of a header; "" if it is not there, or there more than once.
  std::string_view Header(std::string_view name) const;
  // Of the cookie of this name; "" if it is not there.
  std::string_view Cookie(std::string_view name) const;
};

// Sends a part of a body; false when nobody reads any more.
using SendPart = std::function<bool(std::string_view)>;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // When set, the body is what this sends, in chunks, until it returns. `body` is then unused.
  std::function<void(const SendPart&)> stream;
};

// A short answer in words, text/plain.
Response TextResponse(int status, std::string_view text);

// An answer in JSON that nobody keeps.
Response JsonResponse(int status, std::string json);

}  // namespace fettle::server::http
