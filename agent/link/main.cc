// SPDX-License-Identifier: Apache-2.0
// fettle-agent-link: the part of the agent that talks to the network, started by fettle-agent with
// a socket to it as standard input. Not for people.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/synchronization/mutex.h"
#include <CLI/CLI.hpp>

#include "agent/link/confine.h"
#include "agent/link/enroll.h"
#include "agent/link/link.h"
#include "lib/base/status_macros.h"

namespace fettle::link {
namespace {

constexpr int kEngineFd = STDIN_FILENO;

// The engine's signals are not ours: it ends us by closing the socket.
void ResetSignals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

void SetEnvironment() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing else runs yet.
  ::setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "0", 0);
}

int Report(const absl::Status& status) {
  if (status.ok()) {
    return 0;
  }
  fmt::print(stderr, "fettle-agent-link: {}\n", Message(status));
  return 1;
}

absl::Status Prepare(const std::string& user, int parent) {
  ResetSignals();
  SetEnvironment();
  ASSIGN_OR_RETURN(const Unprivileged who, FindUnprivileged(user));
  return Confine(who, parent);
}

absl::Status RunLink() {
  Link link(kEngineFd);
  link.Run();
  return absl::OkStatus();
}

absl::Status RunEnroll(const std::string& server, const std::string& pin) {
  return RunEnrollment(server, pin, kEngineFd);
}

}  // namespace
}  // namespace fettle::link

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app("Started by fettle-agent; not for people.");
  std::string user = "fettle-agent";
  int parent = 0;
  std::string server;
  std::string pin;
  app.add_option("--user", user, "Whom to run as");
  app.add_option("--parent", parent, "The agent's process id")->required();
  CLI::App* const run = app.add_subcommand("run", "Hold a session with the server");
  CLI::App* const enroll = app.add_subcommand("enroll", "Ask once for a certificate");
  enroll->add_option("--server", server, "host:port")->required();
  enroll->add_option("--pin", pin, "SHA-256 of the authority's certificate")->required();
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);

  using fettle::link::Report;
  if (const absl::Status status = fettle::link::Prepare(user, parent); !status.ok()) {
    return Report(status);
  }
  if (run->parsed()) {
    return Report(fettle::link::RunLink());
  }
  return Report(fettle::link::RunEnroll(server, pin));
}
