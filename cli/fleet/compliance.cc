// SPDX-License-Identifier: Apache-2.0
// `fettle compliance`: how hosts stand to the controls of standards.
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <fmt/ranges.h>

#include "cli/client/compliance_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/compliance_export.h"
#include "cli/fleet/compliance_trend.h"
#include "cli/fleet/compliance_words.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/moments.h"
#include "cli/fleet/present.h"
#include "cli/fleet/words.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

constexpr int kShownFindings = 50;

struct Arguments {
  std::vector<std::string> filter;
  std::string framework;
  std::string control;
  bool by_host = false;
  std::string at;
  std::string since;
  std::string form;
  Output output;
};

Cell NumberCell(uint32_t number, Tone tone) {
  return {fmt::format("{}", number), number == 0 ? Tone::kDim : tone};
}

std::vector<Cell> CountCells(const v1::VerdictCounts& counts) {
  return {{fmt::format("{:.1f} %", counts.score() * 100)},
          NumberCell(counts.compliant(), Tone::kGood),
          NumberCell(counts.not_compliant(), Tone::kBad),
          NumberCell(counts.waived(), Tone::kChanged),
          NumberCell(counts.unknown(), Tone::kBad),
          NumberCell(counts.not_applicable(), Tone::kDim)};
}

std::string ByControl(const v1::AssessResponse& response, const Output& output) {
  Table table({"CONTROL", "SEVERITY", "SCORE", "OK", "NOT", "WAIVED", "UNKNOWN", "N/A", "TITLE"});
  for (const v1::ControlSummary& control : response.controls()) {
    std::vector<Cell> row = CountCells(control.hosts());
    row.insert(row.begin(),
               {{control.id()}, {control.severity().empty() ? "-" : control.severity()}});
    row.push_back({control.title()});
    table.Add(std::move(row));
  }
  return table.Format(output.UseColour(), TerminalWidth());
}

std::string ByHost(const v1::AssessResponse& response, const Output& output) {
  Table table({"HOST", "REVISION", "SCORE", "OK", "NOT", "WAIVED", "UNKNOWN", "N/A"});
  for (const v1::HostSummary& host : response.hosts()) {
    std::vector<Cell> row = CountCells(host.controls());
    row.insert(row.begin(), {{host.host()}, {host.revision().empty() ? "-" : host.revision()}});
    table.Add(std::move(row));
  }
  return table.Format(output.UseColour(), TerminalWidth());
}

Tone ToneOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_COMPLIANT:
      return Tone::kGood;
    case v1::VERDICT_WAIVED:
      return Tone::kChanged;
    default:
      return Tone::kBad;
  }
}

std::string WaiverLine(const v1::WaiverRecord& waiver, absl::Time now) {
  const absl::Time until = FromMicroseconds(waiver.until_us());
  return fmt::format(
      "    {} {}: {} (approved by {}; {} of {}){}\n",
      waiver.ended() ? "waiver ended" : "waived, ends",
      Age(until, now),
      Safe(waiver.reason()),
      Safe(waiver.approver()),
      waiver.position(),
      waiver.revision(),
      waiver.compensating().empty() ? "" : "; instead: " + Safe(waiver.compensating()));
}

std::string Findings(const v1::AssessResponse& response, const Output& output) {
  const absl::Time now = FromMicroseconds(response.taken_us());
  std::string text;
  int shown = 0;
  for (const v1::ControlFinding& finding : response.findings()) {
    if (++shown > kShownFindings) {
      text += fmt::format("… {} more: name a host, a --framework or a --control, or take -o json\n",
                          response.findings_size() - kShownFindings);
      break;
    }
    text += fmt::format(
        "{} on {}: {}\n",
        Safe(finding.control()),
        Safe(finding.host()),
        Toned(VerdictText(finding.verdict()), ToneOf(finding.verdict()), output.UseColour()));
    for (const v1::ControlEvidence& one : finding.evidence()) {
      text += fmt::format("    {} {} since {}{}\n",
                          Safe(one.resource()),
                          StateCell(one.state()).text,
                          Age(FromMicroseconds(one.since_us()), now),
                          one.position().empty() ? "" : "  [" + Safe(one.position()) + "]");
      text += ErrorText(one.error(), output.UseColour()) +
              DifferencesText(one.differences(), output.UseColour()) + ActorText(ActorOf(one), "");
    }
    if (finding.has_waiver()) {
      text += WaiverLine(finding.waiver(), now);
    }
  }
  return text;
}

std::string Format(const v1::AssessResponse& response, const Arguments& arguments) {
  const v1::VerdictCounts& counts = response.counts();
  std::string text = fmt::format("{:.1f} % of what applies, on {}\n\n",
                                 counts.score() * 100,
                                 Count(static_cast<uint64_t>(response.hosts_size()), "host"));
  text += arguments.by_host ? ByHost(response, arguments.output)
                            : ByControl(response, arguments.output);
  const std::string findings = Findings(response, arguments.output);
  return findings.empty() ? text : text + "\n" + findings;
}

// What --export takes.
struct Export {
  // `scope`: which hosts and controls it tells of, for people.
  std::function<absl::StatusOr<std::string>(const v1::AssessResponse&, const std::string& scope)>
      make;
  bool all = false;     // It wants what is compliant, too, and nothing left out.
  bool binary = false;  // It is nothing for a terminal.
};

Export Plain(std::string (*make)(const v1::AssessResponse&), bool all = false) {
  return {[make](const v1::AssessResponse& response, const std::string& /*scope*/) {
            return make(response);
          },
          all};
}

const std::map<std::string, Export>& Forms() {
  static const auto* const forms =
      new std::map<std::string, Export>{{"csv", Plain(&ComplianceCsv)},
                                        {"html", Plain(&ComplianceHtml)},
                                        {"jsonl", Plain(&ComplianceJsonLines)},
                                        {"junit", Plain(&ComplianceJunit)},
                                        {"oscal", Plain(&ComplianceOscal, true)},
                                        {"pdf", {&CompliancePdf, false, true}},
                                        {"sarif", Plain(&ComplianceSarif)},
                                        {"xccdf", Plain(&ComplianceXccdf, true)}};
  return *forms;
}

std::set<std::string> Names() {
  std::set<std::string> names;
  for (const auto& [name, form] : Forms()) {
    names.insert(name);
  }
  return names;
}

template <typename Request>
Request RequestOf(const Arguments& arguments) {
  Request request;
  request.set_filter(JoinWords(arguments.filter));
  request.set_framework(arguments.framework);
  request.set_control(arguments.control);
  return request;
}

std::string ScopeText(const Arguments& arguments) {
  const std::string filter = JoinWords(arguments.filter);
  return fmt::format("{}{}{}",
                     filter.empty() ? "all hosts" : "hosts " + filter,
                     arguments.framework.empty() ? "" : ", framework " + arguments.framework,
                     arguments.control.empty() ? "" : ", control " + arguments.control);
}

absl::Status PrintExport(const Export& form,
                         const Arguments& arguments,
                         const v1::AssessResponse& response) {
  if (form.binary && isatty(STDOUT_FILENO) == 1) {
    return FailedPrecondition(
        "--export {0}: a terminal cannot show it; write it to a file: "
        "fettle compliance --export {0} > report.{0}",
        arguments.form);
  }
  if (form.all && response.findings_cut()) {
    return FailedPrecondition(
        "there are more findings than the server lists, and this form would say of the rest that "
        "it does not apply; export the fleet in parts: name hosts, a --framework or a --control");
  }
  ASSIGN_OR_RETURN(const std::string made, form.make(response, ScopeText(arguments)));
  Print(made);
  return absl::OkStatus();
}

// A single word that names no host may name a control, which the arguments then say.
absl::StatusOr<v1::AssessResponse> Ask(const Connection& connection,
                                       v1::AssessRequest request,
                                       Arguments* arguments) {
  const ComplianceClient client(connection);
  absl::StatusOr<v1::AssessResponse> response = client.Assess(request);
  const bool nobody = response.ok() ? response->hosts().empty()
                                    : absl::IsNotFound(response.status()) ||
                                          absl::IsInvalidArgument(response.status());
  if (!nobody || arguments->filter.size() != 1 || !arguments->control.empty()) {
    return response;
  }
  request.set_control(arguments->filter[0]);
  request.clear_filter();
  absl::StatusOr<v1::AssessResponse> of_control = client.Assess(request);
  if (!of_control.ok()) {
    return response;
  }
  arguments->control = arguments->filter[0];
  arguments->filter.clear();
  return of_control;
}

absl::Status Assess(Arguments arguments) {
  const auto form = Forms().find(arguments.form);
  auto request = RequestOf<v1::AssessRequest>(arguments);
  request.set_all(form != Forms().end() && form->second.all);
  ASSIGN_OR_RETURN(const int64_t at, MomentOf("--at", arguments.at));
  request.set_at_us(at);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::AssessResponse response, Ask(connection, request, &arguments));
  SayAsOf(at);
  for (const std::string& note : NotesOf(response)) {
    fmt::print(stderr, "{}\n", Safe(note));
  }
  if (form != Forms().end()) {
    RETURN_IF_ERROR(PrintExport(form->second, arguments, response));
  } else if (arguments.output.json()) {
    RETURN_IF_ERROR(PrintJson(response));
  } else if (response.hosts().empty()) {
    fmt::print(
        stderr, "no host fits{}{}\n", request.filter().empty() ? "" : ": ", Safe(request.filter()));
  } else if (response.controls().empty()) {
    fmt::print(stderr,
               "no controls: resources name them (control = \"CIS-5.2.8\"), and controls/*.toml "
               "of the tree describes them; see docs/compliance.md\n");
  } else {
    Print(Format(response, arguments));
  }
  if (response.findings_cut()) {
    fmt::print(stderr, "not all findings are listed; name hosts, a --framework or a --control\n");
  }
  return absl::OkStatus();
}

absl::Status ShowTrend(const Arguments& arguments) {
  const absl::TimeZone zone = absl::LocalTimeZone();
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.since));
  ASSIGN_OR_RETURN(const auto moments, TrendMoments(FromMicroseconds(since), absl::Now(), zone));
  auto request = RequestOf<v1::TrendRequest>(arguments);
  for (const absl::Time at : moments) {
    request.add_at_us(ToMicroseconds(at));
  }
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::TrendResponse response, ComplianceClient(connection).Trend(request));
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  for (const std::string& caveat : response.caveats()) {
    fmt::print(stderr, "{}\n", Safe(caveat));
  }
  Print(TrendText(response, zone, arguments.output.UseColour(), TerminalWidth()));
  return absl::OkStatus();
}

}  // namespace

void AddComplianceCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("compliance", "Show how hosts stand to the controls of standards");
  AddFilter(command, &arguments->filter);
  command
      ->add_option("--framework",
                   arguments->framework,
                   "Only controls that stand for something in it, like PCI-DSS")
      ->check(NotEmpty);
  command
      ->add_option(
          "--control", arguments->control, "Only this one, with what every host has to show for it")
      ->check(NotEmpty);
  command->add_flag("--by-host", arguments->by_host, "A line a host instead of a line a control");
  AddAtOption(command, &arguments->at);
  CLI::Option* const since = command->add_option(
      "--since", arguments->since, "The score at each midnight since then, written like --at");
  since->excludes("--at");
  command
      ->add_option("--export",
                   arguments->form,
                   "Print it as csv or jsonl (a line a finding), html (one file, prints well), "
                   "junit, oscal (assessment results), pdf, sarif or xccdf (results)")
      ->check(CLI::IsMember(Names()))
      ->excludes(since);
  AddOutputOptions(*command, &arguments->output);
  command->footer(std::string(kFilterHelp) +
                  "\n\nExamples: fettle compliance --framework PCI-DSS\n"
                  "          fettle compliance CIS-5.2.8\n"
                  "          fettle compliance web1 --control CIS-5.2.8\n"
                  "          fettle compliance --at 2026-03-01 --export html > report.html\n"
                  "          fettle compliance --since 30d");
  OnParse(command, "compliance", exit_code, [arguments] {
    return arguments->since.empty() ? Assess(*arguments) : ShowTrend(*arguments);
  });
}

}  // namespace fettle::cli
