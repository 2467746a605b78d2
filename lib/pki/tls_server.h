// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

struct ssl_ctx_st;  // NOLINT(readability-identifier-naming): OpenSSL's
struct ssl_st;      // NOLINT(readability-identifier-naming): OpenSSL's

namespace fettle::pki {

// A server's end of TLS on a socket that does not block, for libraries that bring their own loop:
// each call does what it can now, and says what it waits for. One thread at a time.
class TlsServerEnd {
 public:
  enum class Step {
    kDone,
    kWantsInput,
    kWantsRoom,
    kOver,  // The other side has gone, or speaks no TLS that we take. Nothing more will come.
  };

  // `context` as ServerIdentity::Install() prepares it; `socket` stays the caller's, and must not
  // block.
  TlsServerEnd(ssl_ctx_st* context, int socket);
  // Says goodbye, if there was a handshake and nothing went wrong.
  ~TlsServerEnd();
  TlsServerEnd(const TlsServerEnd&) = delete;
  TlsServerEnd& operator=(const TlsServerEnd&) = delete;

  Step Shake();
  // kDone: `done` bytes, at least one.
  Step Read(char* to, std::size_t most, std::size_t* done);
  Step Write(const char* from, std::size_t size, std::size_t* done);

  // Whether Read() has something without new input.
  bool pending() const;

  // Says goodbye now.
  void Close();

  ssl_st* handle() const;

 private:
  struct State;

  Step After(int result);

  const std::unique_ptr<State> state_;
};

}  // namespace fettle::pki
