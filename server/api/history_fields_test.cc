// SPDX-License-Identifier: Apache-2.0
#include "server/api/history_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/filter/filter.h"
#include "server/fleet/host_fields.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

struct Case {
  std::string filter;
  bool matches;
};

void Expect(const Case& one, const filter::Language& language, const filter::Fields& fields) {
  const auto filter = filter::Filter::Parse(one.filter, language, kNow);
  ASSERT_TRUE(filter.ok()) << one.filter << ": " << filter.status();
  EXPECT_EQ(filter->Matches(fields), one.matches) << one.filter;
}

HostView Web1() {
  HostView host;
  host.record.name = "web1";
  host.record.labels = {{"role", "web"}};
  return host;
}

TEST(HistoryFieldsTest, DriftIsFilteredByWhatWhoAndItsHost) {
  DriftEntry entry;
  entry.host = "web1";
  entry.report.id = "file:/etc/motd";
  entry.report.cause = resource::Cause::kDrift;
  entry.report.contended = "put right 5 times";
  entry.report.actor.emplace().user = "root";
  entry.report.actor->command = "vim /etc/motd";
  entry.outcome = DriftOutcome::kCorrected;
  entry.seen = kNow - absl::Hours(1);
  entry.ended = absl::InfiniteFuture();
  const HostView host = Web1();
  const HostFields host_fields(host, [] { return std::string(R"({"os": {"id": "debian"}})"); });
  const DriftFields fields(entry, &host_fields);
  const Case cases[] = {
      {"web*", true},
      {"db1", false},
      {"resource.type == file and resource.name ~ /etc/*", true},
      {"resource == file:/etc/motd", true},
      {"outcome in [corrected, ended]", true},
      {"outcome == open", false},
      {"cause == drift", true},
      {"(contended)", true},
      {"who.user == root and who.command ~ 'vim *'", true},
      {"has who.login", false},
      {"seen < 30m ago", true},
      {"has ended", false},
      {"labels.role == web and os.id == debian", true},
  };
  for (const Case& one : cases) {
    Expect(one, DriftLanguage(), fields);
  }
  const DriftFields orphan(entry, nullptr);
  Expect({"labels.role == web", false}, DriftLanguage(), orphan);
  Expect({"web1", true}, DriftLanguage(), orphan);
}

TEST(HistoryFieldsTest, RunsAreFilteredByWhatTheyDidAndTheirHost) {
  resource::RunReport run;
  run.host = "web1";
  run.id = "abc";
  run.revision = "r3";
  run.reason = "push";
  run.counts.changed = 2;
  run.started = kNow - absl::Hours(1);
  run.duration = absl::Milliseconds(1500);
  const HostView host = Web1();
  const HostFields host_fields(host, [] { return std::string(); });
  const Case cases[] = {
      {"run.changed > 0 and run.revision == r3", true},
      {"run.failed > 0", false},
      {"run.mode == audit", false},
      {"(run.partial)", false},
      {"run.seconds > 1", true},
      {"run.started > 2h ago", true},
      {"run.reason == push and labels.role == web", true},
      {"has run.error", false},
  };
  for (const Case& one : cases) {
    Expect(one, RunLanguage(), RunFields(run, &host_fields));
  }
}

}  // namespace
}  // namespace fettle::server
