// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"

namespace fettle::pki {

// What a client shows and whom it believes, all PEM.
struct TlsIdentity {
  std::string ca;           // The authorities that a server's certificate may be of.
  std::string certificate;  // Our own with its chain, and its key; both "" to show none.
  std::string private_key;
};

// A client's TLS connection to a server whose certificate is of one of the given authorities and
// for the name or address that was dialled. Not tied to a thread; used by one at a time.
class TlsConnection {
 public:
  // What the two sides speak over it.
  enum class Speaks {
    kHttp2,  // TLS 1.3, and the server has to say that it is HTTP/2.
    kOther,  // TLS 1.2 or newer; what is spoken was agreed on elsewhere.
  };

  // Looks the name of `address` ("host:port") up, connects, and ends the handshake, whatever of the
  // name's addresses answers first in their order. The message says at which of these it failed.
  //   kInvalidArgument    `address` is no host:port, or a PEM cannot be read
  //   kPermissionDenied   the server's certificate is not accepted; says why
  //   kUnavailable        nobody answers there, or not with TLS (and HTTP/2) as it has to be
  //   kDeadlineExceeded   no answer in time
  static absl::StatusOr<TlsConnection> Dial(std::string_view address,
                                            const TlsIdentity& identity,
                                            Deadline deadline,
                                            Speaks speaks = Speaks::kHttp2);

  ~TlsConnection();
  TlsConnection(TlsConnection&& other) noexcept;
  TlsConnection& operator=(TlsConnection&&) = delete;

  // To be watched for input, and for room while wants_write(). Stays ours.
  int fd() const;

  // Encrypts `data` and sends what the socket takes; the rest waits for Flush().
  absl::Status Write(std::string_view data);

  // Sends what waits, as far as the socket takes it now.
  absl::Status Flush();

  bool wants_write() const;

  // Bytes that wait for Flush().
  std::size_t backlog() const;

  // Appends what has come by now to `data`, maybe nothing; never waits. kUnavailable when the other
  // side has closed, with its reason if it gave one (a certificate that it does not accept, say).
  absl::Status Read(std::string* data);

 private:
  struct State;
  explicit TlsConnection(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace fettle::pki
