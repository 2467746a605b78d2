// SPDX-License-Identifier: Apache-2.0
#include "server/notify/sender.h"

#include <algorithm>
#include <array>
#include <memory>

#include <curl/curl.h>

#include "lib/base/status_macros.h"

// The checks of these macros do not know the types that are passed on here.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace fettle::server::notify {
namespace {

constexpr std::size_t kMostReply = 4096;
constexpr int kLookUpEveryMs = 100;

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct FreeMulti {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using Easy = std::unique_ptr<CURL, FreeEasy>;
using Multi = std::unique_ptr<CURLM, FreeMulti>;
using Headers = std::unique_ptr<curl_slist, FreeList>;

// Takes all, keeps the beginning: a receiver that talks on is no failure.
std::size_t TakeReply(char* data, std::size_t size, std::size_t count, void* reply) {
  auto& text = *static_cast<std::string*>(reply);
  text.append(data, std::min(size * count, kMostReply - text.size()));
  return size * count;
}

bool InitCurl() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return done;
}

struct Call {
  Easy easy;
  Multi multi;
  Headers headers;
  std::array<char, CURL_ERROR_SIZE> error{};
  Reply reply;

  template <typename Value>
  bool Set(CURLoption option, Value value) {
    return curl_easy_setopt(easy.get(), option, value) == CURLE_OK;
  }
};

absl::Status SetHeaders(const Post& post, Call* call) {
  std::vector<std::string> lines = post.headers;
  lines.emplace_back("Content-Type: application/json");
  lines.emplace_back("Expect:");  // Do not ask whether the body is welcome: some never answer that.
  for (const std::string& line : lines) {
    curl_slist* const longer = curl_slist_append(call->headers.get(), line.c_str());
    if (longer == nullptr) {
      return absl::ResourceExhaustedError("out of memory");
    }
    (void)call->headers.release();
    call->headers.reset(longer);
  }
  call->Set(CURLOPT_HTTPHEADER, call->headers.get());
  return absl::OkStatus();
}

absl::Status Prepare(const Post& post, Call* call) {
  if (!InitCurl()) {
    return Internal("libcurl cannot be initialised");
  }
  call->easy.reset(curl_easy_init());
  call->multi.reset(curl_multi_init());
  if (call->easy == nullptr || call->multi == nullptr) {
    return absl::ResourceExhaustedError("out of memory");
  }
  bool done = call->Set(CURLOPT_URL, post.url.c_str());
  done = done && call->Set(CURLOPT_PROTOCOLS_STR, "http,https");
  // The server's own OpenSSL configuration wants TLS 1.3, which not every receiver has.
  done = done && call->Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  done = done && call->Set(CURLOPT_NOSIGNAL, 1L);
  done = done && call->Set(CURLOPT_QUICK_EXIT, 1L);  // Do not wait for a name that is looked up.
  done = done && call->Set(CURLOPT_POST, 1L);
  done = done && call->Set(CURLOPT_POSTFIELDS, post.body.data());
  done = done && call->Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  done = done && call->Set(CURLOPT_USERAGENT, "fettle-server");
  done = done &&
         call->Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(post.timeout)));
  done = done && call->Set(CURLOPT_ERRORBUFFER, call->error.data());
  done = done && call->Set(CURLOPT_WRITEFUNCTION, &TakeReply);
  done = done && call->Set(CURLOPT_WRITEDATA, &call->reply.body);
  if (!post.ca_file.empty()) {
    done = done && call->Set(CURLOPT_CAINFO, post.ca_file.c_str());
    done = done && call->Set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  if (!done) {
    return Internal("this libcurl lacks an option that is needed; 7.87 has them all");
  }
  return SetHeaders(post, call);
}

// What to do about it, for people.
absl::Status Explain(const Post& post, CURLcode code, const std::string& why) {
  const std::string where = ShownUrl(post.url);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return InvalidArgument("{}: {}; correct the url", where, why);
    case CURLE_PEER_FAILED_VERIFICATION:
      return FailedPrecondition(
          "{}: its certificate is not trusted: {}; name the file of the authority that issued it "
          "as ca_file, or have it issued for the name in the url",
          where,
          why);
    case CURLE_SSL_CACERT_BADFILE:
      return FailedPrecondition(
          "{}: ca_file {} cannot be used: {}; it holds certificates as PEM, and the server's user "
          "may read it",
          where,
          post.ca_file,
          why);
    case CURLE_OPERATION_TIMEDOUT:
      return DeadlineExceeded(
          "{}: no answer within {}: {}", where, absl::FormatDuration(post.timeout), why);
    default:
      return Unavailable(
          "{}: {}; is it running, is the address right, is a firewall between?", where, why);
  }
}

absl::Status Perform(const Post& post, const std::atomic<bool>& cancelled, Call* call) {
  curl_multi_add_handle(call->multi.get(), call->easy.get());
  int running = 1;
  CURLMcode state = CURLM_OK;
  while (running > 0 && state == CURLM_OK && !cancelled) {
    state = curl_multi_perform(call->multi.get(), &running);
    if (running > 0 && state == CURLM_OK) {
      state = curl_multi_poll(call->multi.get(), nullptr, 0, kLookUpEveryMs, nullptr);
    }
  }
  CURLcode code = CURLE_OK;
  int left = 0;
  const CURLMsg* const message = curl_multi_info_read(call->multi.get(), &left);
  const bool done = message != nullptr && message->msg == CURLMSG_DONE;
  code = done ? message->data.result : CURLE_OK;
  curl_multi_remove_handle(call->multi.get(), call->easy.get());
  if (!done) {
    return cancelled ? Aborted("{}: stopped", ShownUrl(post.url))
                     : Unavailable("{}: {}", ShownUrl(post.url), curl_multi_strerror(state));
  }
  if (code != CURLE_OK) {
    const char* const words =
        call->error.front() != '\0' ? call->error.data() : curl_easy_strerror(code);
    return Explain(post, code, words);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Reply> CurlSender::Send(const Post& post, const std::atomic<bool>& cancelled) const {
  Call call;
  RETURN_IF_ERROR(Annotate(Prepare(post, &call), ShownUrl(post.url)));
  RETURN_IF_ERROR(Perform(post, cancelled, &call));
  long status = 0;
  curl_easy_getinfo(call.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  call.reply.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(call.easy.get(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK) {
    call.reply.retry_after = absl::Seconds(std::max<int64_t>(0, seconds));
  }
  return std::move(call.reply);
}

std::string ShownUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.size(), url.find_first_of("/?#", host));
  std::string_view authority = url.substr(host, end - host);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  return fmt::format("{}{}{}",
                     url.substr(0, host),
                     authority,
                     end < url.size() && end + 1 < url.size() ? "/…" : "");
}

}  // namespace fettle::server::notify
