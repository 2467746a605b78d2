// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/http_get.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <memory>

#include <curl/curl.h>

#include "lib/base/status_macros.h"

// The checks of these macros want the functions themselves, not pointers to them.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace fettle::sys {
namespace {

constexpr std::size_t kMaxBody = 64 << 10;

struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_setopt) setopt = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) getinfo = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_easy_strerror) strerror = nullptr;
  std::string missing;  // Why it cannot be used; "" when it can.
};

template <typename Function>
void Find(void* library, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) {
    missing = fmt::format("libcurl.so.4 has no {}", name);
  }
}

Curl LoadCurl() {
  Curl curl;
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    curl.missing = "libcurl.so.4 cannot be loaded (install libcurl4)";
    return curl;
  }
  Find(library, "curl_global_init", curl.global_init, curl.missing);
  Find(library, "curl_easy_init", curl.init, curl.missing);
  Find(library, "curl_easy_setopt", curl.setopt, curl.missing);
  Find(library, "curl_easy_perform", curl.perform, curl.missing);
  Find(library, "curl_easy_getinfo", curl.getinfo, curl.missing);
  Find(library, "curl_easy_cleanup", curl.cleanup, curl.missing);
  Find(library, "curl_easy_strerror", curl.strerror, curl.missing);
  if (curl.missing.empty() && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    curl.missing = "libcurl.so.4 cannot be initialised";
  }
  return curl;
}

const Curl& TheCurl() {
  static const Curl curl = LoadCurl();  // Once a process, when first needed.
  return curl;
}

struct Request {
  Request() : handle(TheCurl().init()) {}

  ~Request() { TheCurl().cleanup(handle); }

  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  template <typename Value>
  void Set(CURLoption option, Value value) {
    TheCurl().setopt(handle, option, value);
  }

  CURL* handle;
  std::array<char, CURL_ERROR_SIZE> error{};
};

// Cuts off after kMaxBody by taking less than was offered.
std::size_t TakeBody(char* data, std::size_t size, std::size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  const std::size_t taken = std::min(size * count, kMaxBody - text.size());
  text.append(data, taken);
  return taken;
}

absl::Status Prepare(Request& request, const std::string& url, Deadline deadline) {
  if (request.handle == nullptr) {
    return Unavailable("{}: out of memory", url);
  }
  RETURN_IF_ERROR(Annotate(deadline.Check("asking"), url));
  const auto left = std::min<int64_t>(absl::ToInt64Milliseconds(deadline.Remaining()), 86'400'000);
  request.Set(CURLOPT_URL, url.c_str());
  request.Set(CURLOPT_PROTOCOLS_STR, "http,https");
  request.Set(CURLOPT_NOSIGNAL, 1L);
  request.Set(CURLOPT_PROXY, "");  // A check is about that server, not about a proxy on the way.
  request.Set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(left, 1)));
  request.Set(CURLOPT_ERRORBUFFER, request.error.data());
  return absl::OkStatus();
}

absl::Status CurlError(const Request& request, CURLcode code, const std::string& what) {
  const char* words = request.error[0] != '\0' ? request.error.data() : TheCurl().strerror(code);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return InvalidArgument("{}: {}", what, words);
  }
  return code == CURLE_OPERATION_TIMEDOUT ? DeadlineExceeded("{}: {}", what, words)
                                          : Unavailable("{}: {}", what, words);
}

}  // namespace

absl::StatusOr<Prober::HttpAnswer> GetByHttp(const std::string& url, Deadline deadline) {
  if (!TheCurl().missing.empty()) {
    return FailedPrecondition("cannot ask {}: {}", url, TheCurl().missing);
  }
  Request request;
  RETURN_IF_ERROR(Prepare(request, url, deadline));
  Prober::HttpAnswer answer;
  request.Set(CURLOPT_WRITEFUNCTION, &TakeBody);
  request.Set(CURLOPT_WRITEDATA, &answer.body);
  request.Set(CURLOPT_USERAGENT, "fettle");
  const CURLcode code = TheCurl().perform(request.handle);
  const bool cut = code == CURLE_WRITE_ERROR && answer.body.size() == kMaxBody;
  if (code != CURLE_OK && !cut) {
    return CurlError(request, code, url);
  }
  long status = 0;
  TheCurl().getinfo(request.handle, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

absl::Status ConnectByTcp(const std::string& host, uint16_t port, Deadline deadline) {
  const bool bare_v6 = host.find(':') != std::string::npos && host[0] != '[';
  const std::string where =
      fmt::format("{}{}{}:{}", bare_v6 ? "[" : "", host, bare_v6 ? "]" : "", port);
  if (host.empty() || host.find_first_of("/@?# ") != std::string::npos) {
    return InvalidArgument("\"{}\" is no host name or address", host);
  }
  if (!TheCurl().missing.empty()) {
    return FailedPrecondition("cannot connect to {}: {}", where, TheCurl().missing);
  }
  Request request;
  // Only connects: nothing is sent. Its resolver keeps to the deadline, getaddrinfo(3) does not.
  RETURN_IF_ERROR(Prepare(request, "http://" + where, deadline));
  request.Set(CURLOPT_CONNECT_ONLY, 1L);
  const CURLcode code = TheCurl().perform(request.handle);
  return code == CURLE_OK ? absl::OkStatus() : CurlError(request, code, where);
}

}  // namespace fettle::sys
