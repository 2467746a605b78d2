// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Which request a thread works on, so that log lines can say it.
namespace fettle::log {

// The name of the header, and of gRPC's metadata, that says a request's id.
inline constexpr char kRequestIdHeader[] = "x-request-id";

// `given` if it is well-formed: 1 to 64 letters, digits, '-', '_' and '.'. Else a new one.
std::string RequestIdFrom(std::string_view given);

// Of the request that this thread works on; "" for none.
const std::string& CurrentRequestId();

// This thread works on the request `id` ("": on none) from now on.
void SetRequestId(std::string id);

// The same until it goes; then on what it worked on before. On the stack of one thread.
class RequestScope {
 public:
  explicit RequestScope(std::string id);
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

 private:
  std::string before_;
};

}  // namespace fettle::log
