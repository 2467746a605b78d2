// SPDX-License-Identifier: Apache-2.0
#include "server/notify/delivery.h"

#include <algorithm>

#include "absl/status/statusor.h"

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/linux_files.h"
#include "server/notify/message.h"

namespace fettle::server::notify {
namespace {

constexpr uint64_t kMostSecret = 16 << 10;
constexpr uint32_t kOthersRead = 0004;
constexpr std::size_t kMostSaid = 200;
constexpr absl::Duration kShowTest = absl::Minutes(1);

// What is posted but for the body. `secrets`: what must not be said.
absl::StatusOr<Post> Address(const NotifyHook& hook, std::vector<std::string>* secrets) {
  Post post;
  post.url = hook.url;
  if (!hook.url_file.empty()) {
    ASSIGN_OR_RETURN(post.url, ReadSecret(hook.url_file, "url_file"));
    secrets->push_back(post.url);
  }
  if (!hook.token_file.empty()) {
    ASSIGN_OR_RETURN(const std::string token, ReadSecret(hook.token_file, "token_file"));
    secrets->push_back(token);
    post.headers.push_back("Authorization: Bearer " + token);
  }
  if (!hook.header_file.empty()) {
    ASSIGN_OR_RETURN(const std::string header, ReadSecret(hook.header_file, "header_file"));
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      return FailedPrecondition("header_file {} wants to hold \"Name: value\"", hook.header_file);
    }
    secrets->push_back(std::string(Trim(std::string_view(header).substr(colon + 1))));
    post.headers.push_back(header);
  }
  if (!post.headers.empty() && CanBeReadOnItsWay(post.url)) {
    return FailedPrecondition("{}: no secret is sent over plain http: use https",
                              ShownUrl(post.url));
  }
  if (hook.format == NotifyFormat::kAlertmanager) {
    post.url = AlertmanagerUrl(post.url);
  }
  post.ca_file = hook.ca_file;
  post.timeout = hook.timeout;
  return post;
}

void Replace(std::string_view secret, std::string* text) {
  for (std::size_t at = text->find(secret); at != std::string::npos && !secret.empty();
       at = text->find(secret, at)) {
    text->replace(at, secret.size(), "***");
    at += 3;
  }
}

// The beginning of what a receiver said, without what we said to it.
std::string Said(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    Replace(secret, &text);
  }
  text.resize(std::min(text.size(), kMostSaid));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  const std::string trimmed(Trim(text));
  return trimmed.empty() ? "" : fmt::format(", saying \"{}\"", trimmed);
}

std::string_view Remedy(int status) {
  switch (status) {
    case 401:
    case 403:
      return "is the secret in token_file or header_file (or the url) the right one?";
    case 404:
    case 405:
      return "is the url right?";
    case 413:
      return "it takes no messages of this size";
    case 429:
      return "it is asked too often: give the hook a longer interval";
    default:
      break;
  }
  if (status >= 300 && status < 400) {
    return "redirects are not followed: give the address it redirects to as url";
  }
  return status >= 500 ? "see the receiver's own log" : "is the format the one it takes?";
}

bool IsRefusal(int status) {
  return status == 400 || status == 413 || status == 415 || status == 422;
}

Outcome Judge(const Post& post, const Reply& reply, const std::vector<std::string>& secrets) {
  Outcome outcome;
  outcome.retry_after = reply.retry_after;
  if (reply.status >= 200 && reply.status < 300) {
    return outcome;
  }
  outcome.refused = IsRefusal(reply.status);
  outcome.status = Unavailable("{} answered {}{}: {}",
                               ShownUrl(post.url),
                               reply.status,
                               Said(reply.body, secrets),
                               Remedy(reply.status));
  return outcome;
}

}  // namespace

absl::StatusOr<std::string> ReadSecret(const std::string& path, std::string_view setting) {
  const sys::LinuxFiles files("", "");
  const auto stat = files.Stat(path);
  if (stat.ok() && (stat->mode & kOthersRead) != 0) {
    return FailedPrecondition("{} {} may be read by everybody: chmod o= it", setting, path);
  }
  auto text = files.Read(path, kMostSecret);
  if (!text.ok()) {
    return FailedPrecondition(
        "{}: {}; the server's user must be able to read it", setting, Message(text.status()));
  }
  std::string line(Trim(*text));
  const bool whole = std::none_of(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (line.empty() || !whole) {
    return FailedPrecondition("{} {} wants to hold one line of text", setting, path);
  }
  return line;
}

Outcome Deliver(const NotifyHook& hook,
                const std::vector<std::string>& bodies,
                const PostSender& sender,
                const std::atomic<bool>& cancelled) {
  std::vector<std::string> secrets;
  auto post = Address(hook, &secrets);
  if (!post.ok()) {
    return {post.status(), false, absl::ZeroDuration()};
  }
  for (const std::string& body : bodies) {
    post->body = body;
    const auto reply = sender.Send(*post, cancelled);
    if (!reply.ok()) {
      return {reply.status(), false, absl::ZeroDuration()};
    }
    if (Outcome outcome = Judge(*post, *reply, secrets); !outcome.status.ok()) {
      return outcome;
    }
  }
  return {};
}

std::string TestBody(const NotifyHook& hook, const std::string& server, absl::Time now) {
  Notice notice;
  notice.key = {Kind::kTest, "", "fettle-server notify test " + hook.name};
  notice.detail = "somebody tries whether this reaches you; there is nothing to do";
  notice.since = now;
  const Sender sender{server, "", hook.name};
  if (hook.format == NotifyFormat::kAlertmanager) {
    return AlertmanagerBody(sender, {{&notice, now + kShowTest}});
  }
  const Bulletin message = GroupTogether({}, {}, {&notice});
  return hook.format == NotifyFormat::kSlack ? SlackBody(sender, message)
                                             : GenericBody(sender, message, NewId(), now);
}

}  // namespace fettle::server::notify
