// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fettle::server::notify {

// A mail with words and a file.
struct Mail {
  std::string from;  // "fettle@example.org"
  std::vector<std::string> to;
  std::string subject;  // One line of ASCII, as `id`.
  std::string id;       // "weekly.1700000000@fettle.example.org": the same when it is sent again.
  absl::Time date;
  std::string text;       // For people.
  std::string file_name;  // "compliance.html"
  std::string file_type;  // "text/html; charset=utf-8"
  std::string file;
};

// Which server takes it.
struct MailServer {
  std::string url;  // "smtps://mail.example.org:465", "smtp://mail.example.org:587" (STARTTLS).
  std::string user;
  std::string password;
  std::string ca_file;  // "": the authorities of this machine.
  absl::Duration timeout;
};

// Hands mails to a server. Safe from any thread.
class MailSender {
 public:
  virtual ~MailSender() = default;

  // OK: the server took it for all recipients. Returns soon after `cancelled` is set, with
  // kAborted. Messages say what to do, and hold no secret.
  virtual absl::Status Send(const Mail& mail,
                            const MailServer& server,
                            const std::atomic<bool>& cancelled) const = 0;
};

// By libcurl. What goes to another machine is encrypted, or not sent; a server on this machine is
// spoken to as it is unless it has a ca_file.
class CurlMailSender final : public MailSender {
 public:
  absl::Status Send(const Mail& mail,
                    const MailServer& server,
                    const std::atomic<bool>& cancelled) const override;
};

}  // namespace fettle::server::notify
