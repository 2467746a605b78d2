// SPDX-License-Identifier: Apache-2.0
#include "server/ca/init.h"

#include <sys/stat.h>

#include "lib/pki/enrol_token.h"
#include "server/ca/data_dir.h"
#include "server/store/sqlite/store.h"
#include "tests/server/data_dir_fixture.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class InitTest : public DataDirTest {
 protected:
  static unsigned ModeOf(const std::string& path) {
    struct stat found = {};
    EXPECT_EQ(lstat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777;
  }
};

TEST_F(InitTest, MakesAnAuthorityADatabaseAndTheFirstAdministratorsToken) {
  ASSERT_OK_AND_ASSIGN(const InitResult result, InitServer(config_, "ann", clock_));
  const DataDir data(config_.data_dir);
  ASSERT_OK_AND_ASSIGN(const auto authority, data.LoadAuthority());
  EXPECT_EQ(authority.info().fingerprint.Hex(), result.ca_fingerprint);
  EXPECT_EQ(authority.info().common_name, result.ca_name);
  ASSERT_OK_AND_ASSIGN(const auto token, pki::EnrolToken::Parse(result.admin_token));
  EXPECT_EQ(token.ca_fingerprint, authority.info().fingerprint);
  ASSERT_OK_AND_ASSIGN(const auto store, sqlite::OpenStore(config_.DatabasePath(), clock_));
  ASSERT_OK_AND_ASSIGN(const auto tokens, store->fleet().ListTokens());
  ASSERT_THAT(tokens, SizeIs(1));
  EXPECT_EQ(tokens[0].secret, token.SecretHash());
  EXPECT_EQ(tokens[0].name, "ann");
  EXPECT_EQ(tokens[0].role, "admin");
  EXPECT_EQ(tokens[0].expires, clock_.Now() + absl::Hours(24));
}

TEST_F(InitTest, NobodyElseReadsWhatIsSecret) {
  ASSERT_OK(InitServer(config_, "ann", clock_).status());
  const DataDir data(config_.data_dir);
  EXPECT_EQ(ModeOf(config_.data_dir), 0700U);
  EXPECT_EQ(ModeOf(data.CaKey()), 0600U);
  EXPECT_EQ(ModeOf(data.Tls() + "/server.key"), 0600U);
  EXPECT_EQ(ModeOf(config_.DatabasePath()), 0600U);
}

TEST_F(InitTest, ASecondTimeIsRefusedAndChangesNothing) {
  ASSERT_OK(InitServer(config_, "ann", clock_).status());
  const DataDir data(config_.data_dir);
  ASSERT_OK_AND_ASSIGN(const std::string before, data.Read(data.CaKey()));
  EXPECT_THAT(InitServer(config_, "ann", clock_).status(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("nothing was changed")));
  ASSERT_OK_AND_ASSIGN(const std::string after, data.Read(data.CaKey()));
  EXPECT_EQ(before, after);
}

TEST_F(InitTest, ABadAdministratorsNameIsRefusedBeforeAnythingIsMade) {
  EXPECT_THAT(InitServer(config_, "../ann", clock_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(DataDir(config_.data_dir).LoadAuthority().status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fettle-server init")));
}

}  // namespace
}  // namespace fettle::server
