// SPDX-License-Identifier: Apache-2.0
// fettle-agent: keeps this host as its owners wrote down. Wires; everything else stands in agent/.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include <CLI/CLI.hpp>

#include "agent/config/config.h"
#include "agent/daemon/daemon.h"
#include "agent/identity/enroll.h"
#include "agent/link/child.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/resource/schema.h"
#include "lib/sys/linux_host.h"

namespace fettle::agent {
namespace {

int Fail(const std::string& verb, const absl::Status& status) {
  fmt::print(stderr, "fettle-agent {}: {}\n", verb, Message(status));
  return 1;
}

int RunVerb(const std::string& config_file) {
  const absl::Status status = RunDaemon(config_file);
  return status.ok() ? 0 : Fail("run", status);
}

int EnrollVerb(EnrollOptions options) {
  if (!options.trust_keys.empty()) {
    options.trust_keys = std::filesystem::absolute(options.trust_keys);
  }
  const auto program = link::LinkProgram();
  if (!program.ok()) {
    return Fail("enroll", program.status());
  }
  const Asker ask = [&](const link::EnrollmentQuestion& question) {
    return link::AskEnrollment(*program, Config().link_user, question);
  };
  const auto host = sys::MakeLinuxHost({});
  const auto summary = Enroll(options, ask, *host, kConfigFolder, SystemClock().Now());
  if (!summary.ok()) {
    return Fail("enroll", summary.status());
  }
  fmt::print("{}Now: systemctl enable --now fettle-agent\n", *summary);
  return 0;
}

int PauseVerb(const std::string& span_text, const std::string& reason) {
  const auto span = resource::ParseDuration(span_text);
  if (!span.ok()) {
    return Fail("pause", span.status());
  }
  // Tabs and newlines are what the request is made of.
  std::string clean = reason;
  for (char& c : clean) {
    c = c == '\t' || c == '\n' ? ' ' : c;
  }
  return RunControl({"pause", fmt::format("{}", absl::ToInt64Seconds(*span)), clean});
}

// What the command line said.
struct Words {
  std::string config_file = kConfigFile;
  EnrollOptions enroll;
  bool audit = false;
  std::string span;
  std::string reason;
};

void AddVerbs(CLI::App* app, Words* words) {
  CLI::App* const run = app->add_subcommand("run", "Be the agent of this host (systemd starts it)");
  run->add_option("--config", words->config_file, "Settings")->capture_default_str();
  CLI::App* const enroll = app->add_subcommand("enroll", "Make this host one of a fleet");
  enroll->add_option("--server", words->enroll.server, "HOST:7441, the enrolment port")->required();
  enroll->add_option("--token", words->enroll.token, "From `fettle enroll token`")->required();
  enroll->add_option("--name", words->enroll.name, "This host's name in the fleet; its host name");
  enroll->add_option("--mtls-port", words->enroll.mtls_port, "The same server's port for agents")
      ->capture_default_str();
  enroll->add_option("--trust-keys",
                     words->enroll.trust_keys,
                     "File with the SSH public keys that may sign what is applied here");
  enroll->add_flag("--force", words->enroll.force, "Replace the identity that is there");
  app->add_subcommand("status", "What the running agent is doing");
  CLI::App* const apply =
      app->add_subcommand("apply", "Have the running agent apply now, and wait");
  apply->add_flag("--audit", words->audit, "Look and report only");
  CLI::App* const pause = app->add_subcommand("pause", "Change nothing on this host for a while");
  pause->add_option("--for", words->span, "How long: 30m, 2h")->required();
  pause->add_option("--reason", words->reason, "Why, for those who wonder later")->required();
  app->add_subcommand("resume", "End a pause, and what an undo holds back");
  app->add_subcommand("version", "Say which this is");
}

int Dispatch(const std::string& verb, const Words& words) {
  if (verb == "run") {
    return RunVerb(words.config_file);
  }
  if (verb == "enroll") {
    return EnrollVerb(words.enroll);
  }
  if (verb == "apply") {
    return RunControl({"apply", words.audit ? "audit" : "enforce"});
  }
  if (verb == "pause") {
    return PauseVerb(words.span, words.reason);
  }
  if (verb == "version") {
    fmt::print("fettle-agent {}\n", FETTLE_VERSION);
    return 0;
  }
  return RunControl({verb});
}

int Main(int argc, char** argv) {
  CLI::App app("Keeps this host in the state that its owners wrote down.");
  app.footer(
      "Exit codes: 0 done, 1 not done; of apply: 0 nothing to do, 2 changes, 4 failures, 6 both.");
  Words words;
  AddVerbs(&app, &words);
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  return Dispatch(app.get_subcommands().front()->get_name(), words);
}

}  // namespace
}  // namespace fettle::agent

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  try {
    return fettle::agent::Main(argc, argv);
  } catch (const std::exception& error) {  // The parser of the command line's, and out of memory.
    static_cast<void>(std::fputs("fettle-agent: ", stderr));
    static_cast<void>(std::fputs(error.what(), stderr));
    static_cast<void>(std::fputs("\n", stderr));
    return 1;
  }
}
