// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/host_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/filter/filter.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

constexpr char kFacts[] = R"({"os": {"id": "debian", "version": "12"}, "cpu": {"count": 4},
  "network": {"interfaces": {"eth0.100": {"addresses": ["10.0.0.7", "fe80::1"]}}},
  "reboot": {"needed": true}, "site": "berlin"})";

HostView Web1() {
  HostView host;
  host.record.name = "web1";
  host.record.channel = "production";
  host.record.labels = {{"role", "web"}, {"example.com/zone", "eu-1"}};
  host.record.revision = "r3";
  host.record.last_seen = kNow - absl::Hours(2);
  host.record.last_run = absl::InfinitePast();
  host.record.enrolled = absl::InfinitePast();
  host.record.certificate_expires = absl::InfinitePast();
  host.record.counts.ok = 7;
  host.record.counts.failed = 1;
  host.record.open_drift = 1;
  host.assigned = "r4";
  host.presence = Presence::kSilent;
  return host;
}

TEST(HostFieldsTest, FiltersSeeTheHostItsLabelsAndItsFacts) {
  struct Case {
    std::string filter;
    bool matches;
  };

  const Case cases[] = {
      {"web1", true},
      {"web*", true},
      {"db*", false},
      {"presence == silent", true},
      {"channel == production and revision != r4", true},
      {"assigned_revision == r4", true},
      {"counts.failed > 0 and counts.total == 8", true},
      {"counts.drifted > 0", false},
      {"drift > 0", true},
      {"(paused)", false},
      {"not paused", true},
      {"last_seen < 1h ago", true},
      {"last_seen < 3h ago", false},
      {"has last_run", false},
      {"labels.role == web", true},
      {"labels.example.com/zone ~ eu-*", true},
      {"labels.missing == x", false},
      {"labels.missing != x", true},
      {"os.id == \"debian\" and os.version >= 12", true},
      {"cpu.count >= 4", true},
      {"(reboot.needed)", true},
      {"facts.site == berlin", true},
      {"network.interfaces.eth0.100.addresses == 10.0.0.7", true},
      {"network.interfaces == eth0.100", true},
      {"os.id.x == y", false},
      {"has memory.total_mb", false},
  };
  const HostView host = Web1();
  for (const Case& one : cases) {
    const auto filter = filter::Filter::Parse(one.filter, HostLanguage(), kNow);
    ASSERT_TRUE(filter.ok()) << one.filter << ": " << filter.status();
    EXPECT_EQ(filter->Matches(HostFields(host, [] { return std::string(kFacts); })), one.matches)
        << one.filter;
  }
}

TEST(HostFieldsTest, FactsThatAreNoneAreAbsentAndReadOnlyWhenLookedAt) {
  const HostView host = Web1();
  const auto facts = filter::Filter::Parse("os.id != debian", HostLanguage(), kNow);
  ASSERT_OK(facts);
  int asked = 0;
  const HostFields fields(host, [&asked] {
    ++asked;
    return std::string();
  });
  const auto labels = filter::Filter::Parse("labels.role == web", HostLanguage(), kNow);
  ASSERT_OK(labels);
  EXPECT_TRUE(labels->Matches(fields));
  EXPECT_EQ(asked, 0);
  EXPECT_TRUE(facts->Matches(fields));
  EXPECT_TRUE(facts->Matches(fields));
  EXPECT_EQ(asked, 1);
}

TEST(HostFieldsTest, AWordThatIsNoFieldIsSaidWithWhatWasMeant) {
  EXPECT_THAT(filter::Filter::Parse("role == web", HostLanguage(), kNow),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a label is labels.role")));
  EXPECT_THAT(filter::Filter::Parse("presense == silent", HostLanguage(), kNow),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("did you mean \"presence\"")));
}

}  // namespace
}  // namespace fettle::server
