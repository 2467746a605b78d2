// SPDX-License-Identifier: Apache-2.0
#include "agent/link/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "fettle/v1/enrollment.pb.h"
#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"
#include "lib/sys/program_beside.h"
#include "lib/wire/framing.h"

namespace fettle::link {
namespace {

constexpr int kPatienceMilliseconds = 2000;

absl::StatusOr<std::string> ReadFrame(int fd) {
  wire::FrameReader reader;
  std::array<char, 4096> buffer{};
  while (true) {
    ASSIGN_OR_RETURN(std::optional<std::string> frame, reader.Next());
    if (frame.has_value()) {
      return *std::move(frame);
    }
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) {
      return Unavailable("the link ended without an answer");
    }
    reader.Append({buffer.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

absl::StatusOr<LinkChild> LinkChild::Start(const std::string& program,
                                           const std::string& user,
                                           const std::vector<std::string>& words) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return sys::ErrnoStatus(errno, "make a socket for", program);
  }
  sys::UniqueFd ours(ends[0]);
  const sys::UniqueFd theirs = sys::AboveStandard(sys::UniqueFd(ends[1]));
  const sys::UniqueFd log(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!log.valid()) {
    return sys::ErrnoStatus(errno, "use standard error for", program);
  }
  sys::SpawnPlan plan;
  plan.program = program;
  plan.argv = {program, "--user", user, "--parent", fmt::format("{}", ::getpid())};
  plan.argv.insert(plan.argv.end(), words.begin(), words.end());
  plan.environment = {fmt::format("PATH={}", sys::kSearchPath), "LANG=C.UTF-8"};
  plan.in = theirs.get();
  plan.out = log.get();
  plan.err = log.get();
  ASSIGN_OR_RETURN(sys::Child child, sys::Spawn(plan));
  return LinkChild(std::move(child), std::move(ours));
}

int LinkChild::Finish() {
  socket_.Close();
  if (child_.pid < 0) {
    return 0;
  }
  pollfd ended{child_.pidfd.get(), POLLIN, 0};
  if (::poll(&ended, 1, kPatienceMilliseconds) == 0) {
    ::syscall(SYS_pidfd_send_signal, child_.pidfd.get(), SIGKILL, nullptr, 0);
  }
  const int code = sys::Reap(child_);
  child_ = sys::Child();
  return code;
}

LinkChild::~LinkChild() {
  Finish();
}

absl::StatusOr<std::string> LinkProgram() {
  return sys::ProgramBeside("fettle-agent-link");
}

absl::StatusOr<EnrollmentAnswer> AskEnrollment(const std::string& program,
                                               const std::string& user,
                                               const EnrollmentQuestion& question) {
  v1::EnrollRequest request;
  request.set_subject(v1::SUBJECT_HOST);
  request.set_name(question.name);
  request.set_token_secret(question.secret);
  request.set_certificate_request(question.certificate_request);
  request.set_machine_id(question.machine_id);
  ASSIGN_OR_RETURN(const std::string frame, wire::Frame(request));
  ASSIGN_OR_RETURN(
      LinkChild child,
      LinkChild::Start(
          program, user, {"enroll", "--server", question.server, "--pin", question.pin_hex}));
  if (::send(child.socket(), frame.data(), frame.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(frame.size())) {
    return Unavailable("the link ended at once");
  }
  const absl::StatusOr<std::string> answer = ReadFrame(child.socket());
  if (const int code = child.Finish(); code != 0 || !answer.ok()) {
    return Unavailable("{} did not get a certificate", program);
  }
  v1::EnrollResponse response;
  if (!response.ParseFromString(*answer)) {
    return Internal("the link answered what is no message");
  }
  return EnrollmentAnswer{response.name(), response.certificate(), response.ca()};
}

}  // namespace fettle::link
