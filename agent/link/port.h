// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/link/events.h"
#include "agent/link/outlet.h"
#include "lib/pki/signing_key.h"
#include "lib/wire/framing.h"

namespace google::protobuf {
class MessageLite;
}

namespace fettle::link {

// With what a host signs its reports, so that nobody else can have made them, not even its server.
struct ReportSigner {
  std::string host;
  pki::SigningKey key;
  std::string public_key;  // Its 32 bytes.
};

// The engine's end of the socket to the link: what to say goes in, what happened comes out. Never
// blocks: what the socket does not take now waits for Flush(). What comes from the link is checked
// for form (the link is exposed to the network and not believed). One thread.
class Port final : public Outlet {
 public:
  // `fd` is a non-blocking stream socket; it and `signer` stay the caller's.
  Port(int fd, const ReportSigner& signer) : fd_(fd), signer_(signer) {}

  void Send(const Credentials& credentials) override;
  void Send(const Hello& hello) override;
  void Send(const Heartbeat& heartbeat) override;
  void Send(const std::string& epoch,
            uint64_t after,
            std::span<const SpooledReport> reports) override;
  void Answer(const std::string& answer) override;
  void Fetch(std::span<const Digest> digests) override;
  void Renew(const std::string& certificate_request) override;
  void Probe(uint64_t id, const Credentials& credentials) override;

  // Writes what waits, as far as the socket takes it. kUnavailable when the link is gone.
  absl::Status Flush();

  // Whether something waits, so that the socket is to be watched for room.
  bool wants_write() const { return sent_ < out_.size(); }

  // Reads what is there now, appends what it says. kUnavailable when the link is gone,
  // kInvalidArgument when it says what no link of ours says; either way it is to be replaced.
  absl::Status Read(std::vector<Event>* events);

 private:
  void Queue(const google::protobuf::MessageLite& message);
  absl::Status Take(std::string_view frame, std::vector<Event>* events);

  const int fd_;
  const ReportSigner& signer_;
  std::string out_;
  std::size_t sent_ = 0;
  wire::FrameReader reader_;
  Blob blob_;  // As far as it has come.
};

}  // namespace fettle::link
