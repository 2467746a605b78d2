// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/synchronization/mutex.h"
#include <CLI/CLI.hpp>

#include "lib/base/status_macros.h"
#include "server/ca/data_dir.h"
#include "server/commands.h"
#include "server/notify_command.h"
#include "server/report_command.h"
#include "server/siem_command.h"

namespace {

using fettle::server::Config;
using fettle::server::InitOptions;

// OpenSSL reads its configuration at its first use, so this comes before.
absl::Status ChooseTls(const Config& config) {
  const fettle::server::DataDir data(config.data_dir);
  RETURN_IF_ERROR(data.WriteOpensslConf());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet.
  return setenv("OPENSSL_CONF", data.OpensslConf().c_str(), 1) == 0
             ? absl::OkStatus()
             : absl::InternalError("the environment cannot be changed");
}

absl::Status RunServer(const std::string& config_file) {
  ASSIGN_OR_RETURN(const Config config, fettle::server::LoadConfig(config_file));
  RETURN_IF_ERROR(ChooseTls(config));
  return fettle::server::Run(config);
}

// What the command line asks for.
struct Commands {
  CLI::App* init = nullptr;
  CLI::App* run = nullptr;
  CLI::App* notify_test = nullptr;
  CLI::App* notify_list = nullptr;
  CLI::App* report_test = nullptr;
  CLI::App* report_list = nullptr;
  CLI::App* siem_test = nullptr;
  CLI::App* siem_list = nullptr;
};

// What it says.
struct Words {
  InitOptions init;
  std::string config_file = fettle::server::kConfigFile;
  std::string name;  // Of what is to be tried.
};

// The commands that try and list what the configuration names.
void AddTryouts(
    CLI::App* app, std::string_view table, Words* words, CLI::App** test, CLI::App** list) {
  app->require_subcommand(1);
  *test = app->add_subcommand("test", "Send one test message, once");
  (*test)->add_option("NAME", words->name, fmt::format("The name of a [[{}]]", table))->required();
  *list = app->add_subcommand("list", "List what the configuration names");
  for (CLI::App* const one : {*test, *list}) {
    one->add_option("--config", words->config_file, "The configuration file")
        ->capture_default_str();
  }
}

absl::Status Do(const Commands& commands, const Words& words) {
  if (commands.init->parsed()) {
    return fettle::server::Init(words.init);
  }
  if (commands.run->parsed()) {
    return RunServer(words.config_file);
  }
  ASSIGN_OR_RETURN(const Config config, fettle::server::LoadConfig(words.config_file));
  if (commands.notify_list->parsed()) {
    return fettle::server::ListNotify(config);
  }
  if (commands.report_list->parsed()) {
    return fettle::server::ListReports(config);
  }
  if (commands.siem_list->parsed()) {
    return fettle::server::ListSiem(config);
  }
  RETURN_IF_ERROR(ChooseTls(config));  // As when serving.
  if (commands.report_test->parsed()) {
    return fettle::server::TestReport(config, words.name);
  }
  return commands.siem_test->parsed() ? fettle::server::TestSiem(config, words.name)
                                      : fettle::server::TestNotify(config, words.name);
}

void AddInit(CLI::App* app, InitOptions* options) {
  app->add_option("--config", options->config_file, "The configuration file")
      ->capture_default_str();
  app->add_option("--admin", options->admin, "Name of the first administrator")
      ->capture_default_str();
  app->add_option("--data-dir", options->data_dir, "Where to keep everything");
  app->add_option("--name", options->names, "A DNS name or address of this server; may be repeated")
      ->allow_extra_args(false);
  app->add_option("--listen", options->listen, "Address and port for agents and people");
  app->add_option("--enroll-listen", options->enroll_listen, "Address and port for enrolment");
  app->add_option("--http-listen",
                  options->http_listen,
                  "Address and port of the web console and the JSON API; off: neither");
  app->add_option("--console", options->console, "Folder with the console's files");
}

}  // namespace

int main(int argc, char** argv) {
  // Debian builds abseil with this switched on; it costs an eighth of every connection.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  CLI::App app("Keeps a fleet's revisions, tells hosts what to enforce, keeps what they report.");
  app.require_subcommand(1);
  Words words;
  Commands commands;
  commands.init = app.add_subcommand("init", "Set up a new server, once");
  AddInit(commands.init, &words.init);
  AddTryouts(app.add_subcommand("notify", "Who is told what happens in the fleet"),
             "notify",
             &words,
             &commands.notify_test,
             &commands.notify_list);
  AddTryouts(app.add_subcommand("report", "Who is sent a report on a schedule"),
             "report",
             &words,
             &commands.report_test,
             &commands.report_list);
  AddTryouts(app.add_subcommand("siem", "Where all events go"),
             "siem",
             &words,
             &commands.siem_test,
             &commands.siem_list);
  commands.run = app.add_subcommand("run", "Serve until told to stop");
  commands.run->add_option("--config", words.config_file, "The configuration file")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const absl::Status status = Do(commands, words);
  if (!status.ok()) {
    fmt::print(stderr, "fettle-server: {}\n", fettle::Message(status));
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
