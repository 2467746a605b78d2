// SPDX-License-Identifier: Apache-2.0
#include "server/http/site.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"
#include "lib/log/request.h"

namespace fettle::server::http {
namespace {

// Nothing from elsewhere, no scripts or styles in the page itself, and in nobody's frame.
constexpr char kContentPolicy[] =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:; object-src 'none'";

void AddSecurityHeaders(Response* response) {
  const std::pair<const char*, const char*> headers[] = {
      {"Content-Security-Policy", kContentPolicy},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Strict-Transport-Security", "max-age=31536000"},
  };
  for (const auto& [name, value] : headers) {
    response->headers.emplace_back(name, value);
  }
}

// What strangers ask for is cut, so that they cannot fill the log.
std::string_view ShownPath(const Request& request) {
  constexpr std::size_t kMostPath = 200;
  return std::string_view(request.path).substr(0, kMostPath);
}

}  // namespace

Site::Site(const Context& context, std::shared_ptr<grpc::Channel> channel)
    : context_(context),
      api_(context, std::move(channel)),
      login_(context),
      live_(context),
      metrics_(context),
      files_(context.config.console) {}

Response Site::Handle(const Request& request) {
  const std::string id = log::RequestIdFrom(request.Header(log::kRequestIdHeader));
  const log::RequestScope scope(id);
  Response response = Route(request);
  if (response.status >= 500) {
    spdlog::error("{} {}: answered with {}", request.method, ShownPath(request), response.status);
  } else {
    spdlog::debug("{} {}: answered with {}", request.method, ShownPath(request), response.status);
  }
  AddSecurityHeaders(&response);
  response.headers.emplace_back("X-Request-Id", id);
  if (response.stream) {
    response.stream = [id, stream = std::move(response.stream)](const SendPart& send) {
      const log::RequestScope sending(id);
      stream(send);
    };
  }
  return response;
}

Response Site::Route(const Request& request) {
  if (ConnectApi::Serves(request)) {
    return api_.Handle(request);
  }
  if (request.path == "/session") {
    return login_.Handle(request);
  }
  if (request.path == "/events") {
    return live_.Handle(request);
  }
  if (request.path == "/metrics") {
    return metrics_.Handle(request);
  }
  if (request.path == "/healthz") {
    return TextResponse(200, "ok");
  }
  if (request.path == "/readyz") {
    return Ready();
  }
  return files_.Handle(request);
}

Response Site::Ready() const {
  const absl::Status status = context_.store.policy().ListRevisions(0, 1).status();
  // Not why: strangers may ask.
  return status.ok() ? TextResponse(200, "ready") : TextResponse(503, "the store does not answer");
}

}  // namespace fettle::server::http
