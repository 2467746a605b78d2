// SPDX-License-Identifier: Apache-2.0
// `fettle audit`: who did what, and whether the server still says what it said.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/credentials.h"
#include "cli/client/evidence_client.h"
#include "cli/client/user_files.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/kept_head.h"
#include "cli/fleet/moments.h"
#include "cli/fleet/present.h"
#include "cli/fleet/verified.h"
#include "cli/terminal/output.h"
#include "fettle/v1/evidence.pb.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/evidence/checkpoint.h"
#include "lib/evidence/merkle.h"
#include "lib/evidence/verify_bundle.h"
#include "lib/sys/http_get.h"

namespace fettle::cli {
namespace {

constexpr uint64_t kMaxNoteBytes = 64U << 10;
constexpr uint64_t kMostLogBytes = uint64_t{4} << 30;
constexpr absl::Duration kWitnessTime = absl::Seconds(20);
constexpr int kHttpOk = 200;

struct LogArguments {
  std::string who;
  std::string act;
  bool reports = false;
  Range range;
  uint32_t most = 0;
  Output output;
};

absl::Status ShowLog(const LogArguments& arguments) {
  v1::ListLeavesRequest request;
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.range.since));
  ASSIGN_OR_RETURN(const int64_t until, MomentOf("--until", arguments.range.until));
  request.set_since_us(since);
  request.set_until_us(until);
  request.set_who(arguments.who);
  request.set_act(arguments.act);
  request.set_reports(arguments.reports);
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const auto response, EvidenceClient(connection).ListLeaves(request));
  SayIfCut(response.cut(), arguments.most);
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  Table table({"LEAF", "TIME", "WHO", "ACT", "DETAIL"});
  for (const v1::LeafRecord& leaf : response.leaves()) {
    table.Add({{fmt::format("{}", leaf.number()), Tone::kDim},
               {Rfc3339(FromMicroseconds(leaf.time_us()))},
               {leaf.who()},
               {leaf.act(), leaf.act() == "denied" ? Tone::kBad : Tone::kPlain},
               {leaf.detail()}});
  }
  arguments.output.Print(table, "nothing");
  return absl::OkStatus();
}

struct VerifyArguments {
  std::string since;
  std::string head;
  std::vector<std::string> witnesses;
  std::string key;
  Output output;
};

// An older head, and where it is kept.
struct OlderHead {
  std::string from;
  std::string note;
};

// What is known of the server by other means than the server.
absl::StatusOr<KeptHead> Known(const VerifyArguments& arguments, const std::string& folder) {
  ASSIGN_OR_RETURN(KeptHead kept, LoadKeptHead(folder));
  if (!arguments.key.empty()) {
    auto key = evidence::NoteKey::Parse(arguments.key);
    RETURN_IF_ERROR(Annotate(key.status(), "--key"));
    kept.key = *std::move(key);
  }
  return kept;
}

// What `url` serves; that it is a head is checked with the key of the log.
absl::StatusOr<std::string> AskWitness(const std::string& url) {
  const auto answer = sys::GetByHttp(url, Deadline::After(kWitnessTime));
  RETURN_IF_ERROR(Annotate(answer.status(), "the witness gave no head"));
  if (answer->status != kHttpOk) {
    return Unavailable("the witness {} gave no head: it answered with {}", url, answer->status);
  }
  return answer->body;
}

// All that the log must go on from: what was named, else what the last `verify` kept.
absl::StatusOr<std::vector<OlderHead>> OlderHeads(const VerifyArguments& arguments,
                                                  const KeptHead& kept) {
  std::vector<OlderHead> heads;
  if (!arguments.head.empty()) {
    ASSIGN_OR_RETURN(std::string note, ReadUserFile(arguments.head, kMaxNoteBytes));
    heads.push_back({arguments.head, std::move(note)});
  } else if (!kept.head.empty()) {
    heads.push_back({"the last verify", kept.head});
  }
  for (const std::string& url : arguments.witnesses) {
    ASSIGN_OR_RETURN(std::string note, AskWitness(url));
    heads.push_back({url, std::move(note)});
  }
  return heads;
}

// That the log of the head `known` begins the one of `newer`.
absl::StatusOr<evidence::Checkpoint> CheckOlder(const EvidenceClient& client,
                                                const OlderHead& known,
                                                const evidence::NoteKey& key,
                                                const evidence::TreeHead& newer) {
  auto older = evidence::OpenCheckpoint(known.note, key);
  RETURN_IF_ERROR(Annotate(older.status(), fmt::format("the older head ({})", known.from)));
  if (older->head.size > newer.size) {
    return PermissionDenied(
        "the log had {} leaves ({}) at {} and has {} now: leaves were removed, or the server's "
        "database is an older one",
        older->head.size,
        known.from,
        Rfc3339(older->time),
        newer.size);
  }
  v1::ProveConsistencyRequest request;
  request.set_older(older->head.size);
  request.set_newer(newer.size);
  ASSIGN_OR_RETURN(const auto response, client.ProveConsistency(request));
  std::vector<Digest> proof;
  for (const std::string& hash : response.hashes()) {
    ASSIGN_OR_RETURN(proof.emplace_back(), Digest::FromRaw(hash));
  }
  RETURN_IF_ERROR(Annotate(
      evidence::VerifyConsistency(older->head, newer, proof),
      fmt::format("history before {} ({}) was rewritten", Rfc3339(older->time), known.from)));
  return *older;
}

absl::StatusOr<std::string> Fetch(const EvidenceClient& client, int64_t since) {
  v1::ExportRequest request;
  request.set_since_us(since);
  std::string text;
  RETURN_IF_ERROR(client.Export(request, [&](const std::string& piece) {
    text += piece;
    return text.size() <= kMostLogBytes
               ? absl::OkStatus()
               : FailedPrecondition("the log is larger than 4 GiB: choose a later --since");
  }));
  return text;
}

absl::Status VerifyLog(const VerifyArguments& arguments) {
  ASSIGN_OR_RETURN(const std::string folder, ConfigFolder());
  ASSIGN_OR_RETURN(KeptHead kept, Known(arguments, folder));
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.since));
  ASSIGN_OR_RETURN(const auto heads, OlderHeads(arguments, kept));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  const EvidenceClient client(connection);
  ASSIGN_OR_RETURN(const std::string text, Fetch(client, since));
  auto bundle = evidence::VerifyBundle(text, kept.key);
  RETURN_IF_ERROR(Annotate(bundle.status(), "the evidence log does not hold"));
  auto older = nlohmann::ordered_json::array();
  std::string text_of_older;
  for (const OlderHead& known : heads) {
    ASSIGN_OR_RETURN(const evidence::Checkpoint then,
                     CheckOlder(client, known, bundle->key, bundle->checkpoint.head));
    older.push_back(
        {{"from", known.from}, {"time", Rfc3339(then.time)}, {"leaves", then.head.size}});
    text_of_older +=
        fmt::format("older the head of {} ({} leaves, from {}) is the beginning of this one\n",
                    Rfc3339(then.time),
                    then.head.size,
                    known.from);
  }
  if (heads.empty()) {
    text_of_older = "older no older head was kept: the next time will compare with this one\n";
  }
  kept = {bundle->key, bundle->header.head};
  RETURN_IF_ERROR(Annotate(SaveKeptHead(folder, kept), "keeping the head"));
  if (arguments.output.json()) {
    nlohmann::ordered_json json = VerifiedJson(*bundle);
    json.erase("leaves");
    json["older"] = older;
    Print(json.dump(2) + "\n");
    return absl::OkStatus();
  }
  Print(VerifiedText(*bundle, arguments.output.UseColour()) + text_of_older);
  return absl::OkStatus();
}

absl::Status ShowHead() {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::GetHeadResponse response, EvidenceClient(connection).GetHead());
  Print(response.head());
  return absl::OkStatus();
}

absl::Status ShowKey() {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::GetHeadResponse response, EvidenceClient(connection).GetHead());
  Print(response.key() + "\n");
  return absl::OkStatus();
}

void AddLog(CLI::App* audit, int* exit_code) {
  const auto arguments = std::make_shared<LogArguments>();
  CLI::App* const command = audit->add_subcommand(
      "log", "List what people, hosts and the server did, and what was refused, newest first");
  command->add_option("--who", arguments->who, "Only of these: user/ann, host/web*, server");
  command->add_option("--act", arguments->act, "Only these acts: publish, label, denied, rev*");
  command->add_flag("--reports", arguments->reports, "The reports of hosts as well");
  AddRangeOptions(command, &arguments->range, "Not before");
  AddMostOption(command, &arguments->most, 200);
  AddOutputOptions(*command, &arguments->output);
  command->footer("Example: fettle audit log --since 7d --act denied");
  OnParse(command, "audit log", exit_code, [arguments] { return ShowLog(*arguments); });
}

void AddVerify(CLI::App* audit, int* exit_code) {
  const auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* const command = audit->add_subcommand(
      "verify", "Check all of the evidence log, and that it goes on from the head that you kept");
  command->add_option("--since",
                      arguments->since,
                      "Look into leaves from then on; those before are proven as hashes alone");
  command->add_option("--head",
                      arguments->head,
                      "An older head, as `fettle audit head` printed it (default: the one that the "
                      "last `verify` kept)");
  command->add_option("--witness",
                      arguments->witnesses,
                      "Where somebody else keeps a head, http(s)://…; may be given several times. "
                      "It is compared beside the kept one");
  command->add_option(
      "--key", arguments->key, "The key of the log (default: the one that was met first)");
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Exit codes: 0 it holds; 5 it does not. The key and the newest head that held are kept in "
      "~/.config/fettle/evidence-key and evidence-head.");
  OnParse(command, "audit verify", exit_code, [arguments] { return VerifyLog(*arguments); });
}

}  // namespace

void AddAuditCommands(CLI::App& app, int* exit_code) {
  CLI::App* const command =
      app.add_subcommand("audit", "Who did what, and proof that nobody rewrote it");
  command->require_subcommand(1);
  AddLog(command, exit_code);
  AddVerify(command, exit_code);
  CLI::App* const head = command->add_subcommand(
      "head", "Print a signed head of the log, to be kept where the server cannot change it");
  OnParse(head, "audit head", exit_code, [] { return ShowHead(); });
  CLI::App* const key = command->add_subcommand("key", "Print the public key of the log");
  OnParse(key, "audit key", exit_code, [] { return ShowKey(); });
}

}  // namespace fettle::cli
