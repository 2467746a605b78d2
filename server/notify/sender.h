// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::server::notify {

// One POST of JSON.
struct Post {
  std::string url;
  std::string body;
  std::vector<std::string> headers;  // "Name: value"; may hold secrets.
  std::string ca_file;               // "": the authorities of this machine.
  absl::Duration timeout;
};

struct Reply {
  int status = 0;
  std::string body;                                   // Its beginning.
  absl::Duration retry_after = absl::ZeroDuration();  // Zero: it did not say.
};

// Posts. Safe from any thread.
class PostSender {
 public:
  virtual ~PostSender() = default;

  // The answer, whatever its status. Returns soon after `cancelled` is set. kInvalidArgument: the
  // address is none; kFailedPrecondition: its certificate or a file is not good; kUnavailable,
  // kDeadlineExceeded: it may work later; kAborted: cancelled. Each with what to do; messages name
  // the server and port of the address, not what follows, and no header.
  virtual absl::StatusOr<Reply> Send(const Post& post,
                                     const std::atomic<bool>& cancelled) const = 0;
};

// By libcurl: TLS 1.2 or newer, certificates always checked, redirects not followed. Proxies are
// those of the environment (https_proxy).
class CurlSender final : public PostSender {
 public:
  absl::StatusOr<Reply> Send(const Post& post, const std::atomic<bool>& cancelled) const override;
};

// What may be shown of an address: "https://hooks.example.org:8443/…". The rest may be a secret.
std::string ShownUrl(std::string_view url);

}  // namespace fettle::server::notify
