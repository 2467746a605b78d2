// SPDX-License-Identifier: Apache-2.0
#include "server/notify/sender.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "server/notify/curl_call.h"

namespace fettle::server::notify {
namespace {

constexpr std::size_t kMostReply = 4096;

// Takes all, keeps the beginning: a receiver that talks on is no failure.
std::size_t TakeReply(char* data, std::size_t size, std::size_t count, void* reply) {
  auto& text = *static_cast<std::string*>(reply);
  text.append(data, std::min(size * count, kMostReply - text.size()));
  return size * count;
}

absl::Status Prepare(const Post& post, CurlList* headers, Reply* reply, CurlCall* call) {
  RETURN_IF_ERROR(call->Begin({post.url, post.ca_file, post.timeout}, "http,https"));
  bool done = call->Set(CURLOPT_POST, 1L);
  done = done && call->Set(CURLOPT_POSTFIELDS, post.body.data());
  done = done && call->Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  done = done && call->Set(CURLOPT_USERAGENT, "fettle-server");
  done = done && call->Set(CURLOPT_WRITEFUNCTION, &TakeReply);
  done = done && call->Set(CURLOPT_WRITEDATA, &reply->body);
  if (!done) {
    return Internal("this libcurl lacks an option that is needed; 7.87 has them all");
  }
  for (const std::string& line : post.headers) {
    RETURN_IF_ERROR(AppendTo(headers, line));
  }
  RETURN_IF_ERROR(AppendTo(headers, "Content-Type: application/json"));
  // Do not ask whether the body is welcome: some never answer that.
  RETURN_IF_ERROR(AppendTo(headers, "Expect:"));
  call->Set(CURLOPT_HTTPHEADER, headers->get());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Reply> CurlSender::Send(const Post& post, const std::atomic<bool>& cancelled) const {
  CurlList headers;
  Reply reply;
  CurlCall call;
  RETURN_IF_ERROR(Annotate(Prepare(post, &headers, &reply, &call), ShownUrl(post.url)));
  RETURN_IF_ERROR(call.Perform(cancelled));
  long status = 0;
  curl_easy_getinfo(call.handle(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(call.handle(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK) {
    reply.retry_after = absl::Seconds(std::max<int64_t>(0, seconds));
  }
  return reply;
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
