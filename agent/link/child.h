// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/sys/spawn.h"
#include "lib/sys/unique_fd.h"

namespace fettle::link {

// The link as the engine's child: its program, started with one end of a socket as its standard
// input; it gives up root by itself. When this goes, the socket is closed, which ends the child; if
// it takes longer than two seconds it is killed.
class LinkChild {
 public:
  // `program` is the path of fettle-agent-link, `user` whom it is to become, `words` its command.
  static absl::StatusOr<LinkChild> Start(const std::string& program,
                                         const std::string& user,
                                         const std::vector<std::string>& words);

  LinkChild(LinkChild&& other) noexcept
      : child_(std::exchange(other.child_, sys::Child())), socket_(std::move(other.socket_)) {}

  LinkChild& operator=(LinkChild&&) = delete;
  ~LinkChild();

  // Our end. Blocking until made otherwise.
  int socket() const { return socket_.get(); }

  int pid() const { return child_.pid; }

  // Closes the socket and waits for its end: the exit code, 128 + signal if it was killed.
  int Finish();

 private:
  LinkChild(sys::Child child, sys::UniqueFd socket)
      : child_(std::move(child)), socket_(std::move(socket)) {}

  sys::Child child_;
  sys::UniqueFd socket_;
};

// fettle-agent-link beside the program that is running.
absl::StatusOr<std::string> LinkProgram();

// What a host says to get its first certificate. The key is not in it.
struct EnrollmentQuestion {
  std::string server;   // host:port of the enrolment listener.
  std::string pin_hex;  // SHA-256 of the authority's certificate, from the token.
  std::string secret;   // From the token.
  std::string name;
  std::string certificate_request;
  std::string machine_id;
};

struct EnrollmentAnswer {
  std::string name;
  std::string certificate;
  std::string ca;
};

// Lets a link ask. Its own words about what went wrong go to standard error; the status then says
// only that it did not work. The answer comes from a process that talks to the network: the caller
// checks it against the pin and its key.
absl::StatusOr<EnrollmentAnswer> AskEnrollment(const std::string& program,
                                               const std::string& user,
                                               const EnrollmentQuestion& question);

}  // namespace fettle::link
