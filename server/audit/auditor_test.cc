// SPDX-License-Identifier: Apache-2.0
#include "server/audit/auditor.h"

#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class AuditorTest : public StoreTest {
 protected:
  // Oldest first.
  std::vector<AuditEntry> Log() {
    auto log = store().reports().AuditLog(absl::InfinitePast(), 1000);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? std::vector<AuditEntry>(log->rbegin(), log->rend())
                    : std::vector<AuditEntry>();
  }

  Auditor auditor_{store().reports(), clock_};
};

TEST_F(AuditorTest, AnActIsKeptWithWhoAndWhen) {
  auditor_.Act("user/ann", "publish", "r1");
  ASSERT_THAT(Log(), SizeIs(1));
  EXPECT_EQ(Log()[0].who, "user/ann");
  EXPECT_EQ(Log()[0].act, "publish");
  EXPECT_EQ(Log()[0].detail, "r1");
  EXPECT_EQ(Log()[0].time, clock_.Now());
}

TEST_F(AuditorTest, TextOfStrangersStaysOneBoundedLine) {
  auditor_.Denied("enrol/192.0.2.1", "web1\nuser/admin: publish" + std::string(5000, 'x'));
  ASSERT_THAT(Log(), SizeIs(1));
  EXPECT_EQ(Log()[0].act, "denied");
  EXPECT_THAT(Log()[0].detail, HasSubstr("web1 user/admin"));
  EXPECT_LE(Log()[0].detail.size(), 1000U);
}

TEST_F(AuditorTest, AFloodOfRefusalsIsCountedInsteadOfKept) {
  for (int i = 0; i < 100; ++i) {
    auditor_.Denied("enrol/192.0.2.1", "guess");
  }
  EXPECT_THAT(Log(), SizeIs(60));
  auditor_.Act("user/ann", "publish", "r1");  // Acts are always kept.
  EXPECT_THAT(Log(), SizeIs(61));
  clock_.Advance(absl::Minutes(1));
  auditor_.Denied("enrol/192.0.2.1", "guess");
  ASSERT_THAT(Log(), SizeIs(62));
  EXPECT_THAT(Log().back().detail, HasSubstr("40 more"));
}

}  // namespace
}  // namespace fettle::server
