// SPDX-License-Identifier: Apache-2.0
#include "server/notify/mail.h"

#include <algorithm>
#include <memory>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "server/config/report.h"
#include "server/notify/curl_call.h"
#include "server/notify/sender.h"

namespace fettle::server::notify {
namespace {

struct FreeMime {
  void operator()(curl_mime* mime) const { curl_mime_free(mime); }
};

using Mime = std::unique_ptr<curl_mime, FreeMime>;

// What a server says back, which nobody reads.
std::size_t Swallow(char* /*data*/, std::size_t size, std::size_t count, void* /*to*/) {
  return size * count;
}

absl::Status AddPart(curl_mime* mime,
                     const std::string& content,
                     const std::string& type,
                     const char* encoding,
                     const std::string& name) {
  curl_mimepart* const part = curl_mime_addpart(mime);
  const bool done = part != nullptr &&
                    curl_mime_data(part, content.data(), content.size()) == CURLE_OK &&
                    curl_mime_type(part, type.c_str()) == CURLE_OK &&
                    curl_mime_encoder(part, encoding) == CURLE_OK &&
                    (name.empty() || curl_mime_filename(part, name.c_str()) == CURLE_OK);
  return done ? absl::OkStatus() : absl::ResourceExhaustedError("out of memory");
}

absl::Status AddHeaders(const Mail& mail, CurlList* headers) {
  const std::string lines[] = {
      absl::FormatTime("Date: %a, %d %b %Y %H:%M:%S +0000", mail.date, absl::UTCTimeZone()),
      "From: Fettle <" + mail.from + ">",
      fmt::format("To: {}", fmt::join(mail.to, ", ")),
      "Subject: " + mail.subject,
      "Message-ID: <" + mail.id + ">",
      "Auto-Submitted: auto-generated",  // RFC 3834: nobody answers it with a notice of absence.
  };
  for (const std::string& line : lines) {
    RETURN_IF_ERROR(AppendTo(headers, line));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CurlMailSender::Send(const Mail& mail,
                                  const MailServer& server,
                                  const std::atomic<bool>& cancelled) const {
  CurlList recipients;
  CurlList headers;
  CurlCall call;
  RETURN_IF_ERROR(call.Begin({server.url, server.ca_file, server.timeout}, "smtp,smtps"));
  const Mime mime(curl_mime_init(call.handle()));
  RETURN_IF_ERROR(
      AddPart(mime.get(), mail.text, "text/plain; charset=utf-8", "quoted-printable", ""));
  RETURN_IF_ERROR(AddPart(mime.get(), mail.file, mail.file_type, "base64", mail.file_name));
  RETURN_IF_ERROR(AddHeaders(mail, &headers));
  for (const std::string& to : mail.to) {
    RETURN_IF_ERROR(AppendTo(&recipients, to));
  }
  const bool plain = server.ca_file.empty() && IsMailOfThisMachine(server.url);
  bool done =
      call.Set(CURLOPT_USE_SSL, static_cast<long>(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  done = done && call.Set(CURLOPT_MAIL_FROM, mail.from.c_str());
  done = done && call.Set(CURLOPT_MAIL_RCPT, recipients.get());
  done = done && call.Set(CURLOPT_HTTPHEADER, headers.get());
  done = done && call.Set(CURLOPT_MIMEPOST, mime.get());
  done = done && call.Set(CURLOPT_WRITEFUNCTION, &Swallow);
  if (!server.user.empty()) {
    done = done && call.Set(CURLOPT_USERNAME, server.user.c_str());
    done = done && call.Set(CURLOPT_PASSWORD, server.password.c_str());
  }
  return done ? call.Perform(cancelled)
              : Internal("this libcurl lacks an option that is needed; 7.87 has them all");
}

}  // namespace fettle::server::notify
