// SPDX-License-Identifier: Apache-2.0
#include "server/notify/curl_call.h"

#include "lib/base/status_macros.h"
#include "server/notify/sender.h"

namespace fettle::server::notify {
namespace {

constexpr int kLookUpEveryMs = 100;

bool InitCurl() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return done;
}

}  // namespace

absl::Status AppendTo(CurlList* list, const std::string& text) {
  curl_slist* const longer = curl_slist_append(list->get(), text.c_str());
  if (longer == nullptr) {
    return absl::ResourceExhaustedError("out of memory");
  }
  (void)list->release();
  list->reset(longer);
  return absl::OkStatus();
}

absl::Status CurlCall::Begin(const CurlPeer& peer, const char* protocols) {
  if (!InitCurl()) {
    return Internal("libcurl cannot be initialised");
  }
  peer_ = peer;
  easy_.reset(curl_easy_init());
  multi_.reset(curl_multi_init());
  if (easy_ == nullptr || multi_ == nullptr) {
    return absl::ResourceExhaustedError("out of memory");
  }
  bool done = Set(CURLOPT_URL, peer_.url.c_str());
  done = done && Set(CURLOPT_PROTOCOLS_STR, protocols);
  // The server's own OpenSSL configuration wants TLS 1.3, which not every receiver has.
  done = done && Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  done = done && Set(CURLOPT_NOSIGNAL, 1L);
  done = done && Set(CURLOPT_QUICK_EXIT, 1L);  // Do not wait for a name that is looked up.
  done =
      done && Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(peer_.timeout)));
  done = done && Set(CURLOPT_ERRORBUFFER, error_.data());
  if (!peer_.ca_file.empty()) {
    done = done && Set(CURLOPT_CAINFO, peer_.ca_file.c_str());
    done = done && Set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  return done ? absl::OkStatus()
              : Internal("this libcurl lacks an option that is needed; 7.87 has them all");
}

// What to do about it, for people.
absl::Status CurlCall::Explain(CURLcode code, const std::string& why) const {
  const std::string where = ShownUrl(peer_.url);
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
          peer_.ca_file,
          why);
    case CURLE_LOGIN_DENIED:
      return FailedPrecondition("{}: {}; are the user and the password_file right?", where, why);
    case CURLE_USE_SSL_FAILED:
      return FailedPrecondition(
          "{}: {}; nothing is sent that can be read on its way: use a server with TLS", where, why);
    case CURLE_OPERATION_TIMEDOUT:
      return DeadlineExceeded(
          "{}: no answer within {}: {}", where, absl::FormatDuration(peer_.timeout), why);
    default:
      return Unavailable(
          "{}: {}; is it running, is the address right, is a firewall between?", where, why);
  }
}

absl::Status CurlCall::Perform(const std::atomic<bool>& cancelled) {
  curl_multi_add_handle(multi_.get(), easy_.get());
  int running = 1;
  CURLMcode state = CURLM_OK;
  while (running > 0 && state == CURLM_OK && !cancelled) {
    state = curl_multi_perform(multi_.get(), &running);
    if (running > 0 && state == CURLM_OK) {
      state = curl_multi_poll(multi_.get(), nullptr, 0, kLookUpEveryMs, nullptr);
    }
  }
  CURLcode code = CURLE_OK;
  int left = 0;
  const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left);
  const bool done = message != nullptr && message->msg == CURLMSG_DONE;
  code = done ? message->data.result : CURLE_OK;
  curl_multi_remove_handle(multi_.get(), easy_.get());
  if (!done) {
    return cancelled ? Aborted("{}: stopped", ShownUrl(peer_.url))
                     : Unavailable("{}: {}", ShownUrl(peer_.url), curl_multi_strerror(state));
  }
  if (code != CURLE_OK) {
    const char* const words = error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
    return Explain(code, words);
  }
  return absl::OkStatus();
}

}  // namespace fettle::server::notify
