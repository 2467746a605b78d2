// SPDX-License-Identifier: Apache-2.0
// Inside server/notify only: one exchange by libcurl, whatever its protocol.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include <curl/curl.h>

// The checks of these macros do not know the types that are passed on here.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace fettle::server::notify {

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct FreeMulti {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// A list of texts as libcurl has it.
using CurlList = std::unique_ptr<curl_slist, FreeList>;

absl::Status AppendTo(CurlList* list, const std::string& text);

// With whom.
struct CurlPeer {
  std::string url;
  std::string ca_file;  // "": the authorities of this machine.
  absl::Duration timeout;
};

// Used by one thread.
class CurlCall {
 public:
  // TLS 1.2 or newer, certificates always checked. kInternal: this libcurl lacks something.
  absl::Status Begin(const CurlPeer& peer, const char* protocols);

  template <typename Value>
  bool Set(CURLoption option, Value value) {
    return curl_easy_setopt(easy_.get(), option, value) == CURLE_OK;
  }

  // Runs it. Returns soon after `cancelled` is set, with kAborted. An error says what to do, and
  // names of the address no more than ShownUrl().
  absl::Status Perform(const std::atomic<bool>& cancelled);

  CURL* handle() const { return easy_.get(); }

 private:
  absl::Status Explain(CURLcode code, const std::string& why) const;

  CurlPeer peer_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace fettle::server::notify
