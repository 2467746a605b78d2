// SPDX-License-Identifier: Apache-2.0
// What every store promises of policy, fleet and tokens.
#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PolicyStoreTest : public StoreTest {};

TEST_F(PolicyStoreTest, MissingBlobsAreListedInTheirOrder) {
  const Digest a = Sha256("a");
  const Digest b = Sha256("b");
  const Digest c = Sha256("c");
  ASSERT_OK(store().policy().PutBlob(b, "b"));
  EXPECT_THAT(store().policy().MissingBlobs(std::vector<Digest>{c, b, a}),
              IsOkAndHolds(ElementsAre(c, a)));
  const std::vector<Blob> rest = {{a, "a"}, {c, "c"}, {b, "b"}};
  ASSERT_OK(store().policy().PutBlobs(rest));
  EXPECT_THAT(store().policy().MissingBlobs(std::vector<Digest>{c, b, a}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(store().policy().GetBlob(c), IsOkAndHolds("c"));
}

TEST_F(PolicyStoreTest, ABlobMayBeEmptyOrHoldAnyBytes) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_OK(store().policy().PutBlob(Sha256(""), ""));
  ASSERT_OK(store().policy().PutBlob(Sha256(bytes), bytes));
  EXPECT_THAT(store().policy().GetBlob(Sha256("")), IsOkAndHolds(""));
  EXPECT_THAT(store().policy().GetBlob(Sha256(bytes)), IsOkAndHolds(bytes));
}

TEST_F(PolicyStoreTest, ADamagedBlobIsNamedThrownAwayAndCanBeBroughtBack) {
  const Digest digest = Sha256("content");
  ASSERT_OK(store().policy().PutBlob(digest, "damaged on its way to the disk"));
  EXPECT_THAT(store().policy().GetBlob(digest),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(digest.Hex())));
  EXPECT_THAT(store().policy().MissingBlobs(std::vector<Digest>{digest}),
              IsOkAndHolds(ElementsAre(digest)));
  ASSERT_OK(store().policy().PutBlob(digest, "content"));
  EXPECT_THAT(store().policy().GetBlob(digest), IsOkAndHolds("content"));
}

TEST_F(PolicyStoreTest, RevisionsAreNumberedInTheOrderPublishedAndFoundByEachName) {
  const RevisionRecord first = AddRevision("one");
  const RevisionRecord second = AddRevision("two");
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(second.number, 2);
  PolicyStore& policy = store().policy();
  ASSERT_OK_AND_ASSIGN(const RevisionRecord by_id, policy.GetRevision(second.id));
  EXPECT_EQ(by_id.statement, "two");
  EXPECT_EQ(by_id.published, clock_.Now());
  ASSERT_OK_AND_ASSIGN(const RevisionRecord by_number, policy.GetRevisionByNumber(1));
  EXPECT_EQ(by_number.id, first.id);
  ASSERT_OK_AND_ASSIGN(const RevisionRecord by_prefix,
                       policy.GetRevisionByPrefix(first.id.Hex().substr(0, 8)));
  EXPECT_EQ(by_prefix.number, 1);
  ASSERT_OK_AND_ASSIGN(const auto list, policy.ListRevisions(0, 10));
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list.front().number, 2);
  ASSERT_OK_AND_ASSIGN(const auto before, policy.ListRevisions(2, 10));
  ASSERT_THAT(before, SizeIs(1));
  EXPECT_EQ(before.front().number, 1);
}

TEST_F(PolicyStoreTest, ARevisionIsThereOnce) {
  const RevisionRecord first = AddRevision("one");
  EXPECT_THAT(store().policy().AddRevision(first),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("r1")));
}

TEST_F(PolicyStoreTest, RevisionsThatAreNotThereAreSaid) {
  AddRevision("one");
  PolicyStore& policy = store().policy();
  EXPECT_THAT(policy.GetRevision(Sha256("x")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(policy.GetRevisionByNumber(7),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("r7")));
  EXPECT_THAT(policy.GetRevisionByPrefix("xyz"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(policy.GetRevisionByPrefix(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PolicyStoreTest, AChannelMovesAndShowsItsRevision) {
  const RevisionRecord first = AddRevision("one");
  const RevisionRecord second = AddRevision("two");
  ASSERT_OK(store().policy().SetChannel({"production", first.id, 0, clock_.Now(), "user/ann"}));
  ASSERT_OK(store().policy().SetChannel({"production", second.id, 0, clock_.Now(), "user/bob"}));
  ASSERT_OK_AND_ASSIGN(const ChannelRecord channel, store().policy().GetChannel("production"));
  EXPECT_EQ(channel.revision_number, 2);
  EXPECT_EQ(channel.changed_by, "user/bob");
  EXPECT_THAT(store().policy().ListChannels(), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(store().policy().GetChannel("staging"), StatusIs(absl::StatusCode::kNotFound));
}

class FleetStoreTest : public StoreTest {
 protected:
  absl::Status EnrolWith(const std::string& secret, Subject subject, const std::string& name) {
    return Enrol(secret, subject, name, "serial-" + std::to_string(++serials_)).status();
  }

  absl::Status AddToken(const TokenRecord& token) { return store().fleet().AddToken(token); }

  int serials_ = 0;
};

TEST_F(FleetStoreTest, EnrolmentMakesTheHostWithTheTokensChannelAndLabels) {
  TokenRecord token = HostToken("secret");
  token.channel = "staging";
  token.labels = {{"role", "web"}};
  ASSERT_OK(AddToken(token));
  ASSERT_OK(EnrolWith("secret", Subject::kHost, "web1"));
  ASSERT_OK_AND_ASSIGN(const HostRecord host, store().fleet().GetHost("web1"));
  EXPECT_EQ(host.channel, "staging");
  EXPECT_EQ(host.labels, (Labels{{"role", "web"}}));
  EXPECT_EQ(host.machine_id, "machine-web1");
  EXPECT_EQ(host.last_seen, absl::InfinitePast());
  EXPECT_EQ(host.certificate_expires, clock_.Now() + absl::Hours(72));
}

TEST_F(FleetStoreTest, ATokenIsSpentByItsLastUse) {
  TokenRecord token = HostToken("secret");
  token.uses_left = 2;
  ASSERT_OK(AddToken(token));
  ASSERT_OK(EnrolWith("secret", Subject::kHost, "web1"));
  ASSERT_OK(EnrolWith("secret", Subject::kHost, "web2"));
  EXPECT_THAT(EnrolWith("secret", Subject::kHost, "web3"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("spent")));
  EXPECT_THAT(store().fleet().GetHost("web3"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FleetStoreTest, ATokenThatIsNotGoodIsRefusedWithTheReason) {
  TokenRecord named = HostToken("named");
  named.name = "web1";
  ASSERT_OK(AddToken(named));
  EXPECT_THAT(EnrolWith("other", Subject::kHost, "web1"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("unknown")));
  EXPECT_THAT(EnrolWith("named", Subject::kHost, "web2"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("\"web1\" alone")));
  EXPECT_THAT(EnrolWith("named", Subject::kUser, "web1"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("for a host")));
  clock_.Advance(absl::Hours(2));
  EXPECT_THAT(EnrolWith("named", Subject::kHost, "web1"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("expired")));
  TokenRecord revoked = HostToken("revoked");
  ASSERT_OK(AddToken(revoked));
  ASSERT_OK(store().fleet().RevokeToken(revoked.id));
  EXPECT_THAT(EnrolWith("revoked", Subject::kHost, "web1"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("revoked")));
  EXPECT_THAT(store().fleet().RevokeToken("no such"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FleetStoreTest, ATokenMayGiveTheNameAndSomethingMust) {
  TokenRecord named = HostToken("named");
  named.name = "web1";
  ASSERT_OK(AddToken(named));
  ASSERT_OK(AddToken(HostToken("any")));
  EXPECT_THAT(EnrolWith("any", Subject::kHost, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK(EnrolWith("named", Subject::kHost, ""));
  EXPECT_THAT(store().fleet().GetHost("web1"), IsOk());
}

TEST_F(FleetStoreTest, AFailingIssueLeavesTheTokenAsItWas) {
  ASSERT_OK(AddToken(HostToken("secret")));
  HostRecord host;
  host.name = "web1";
  const auto failing = [](const TokenRecord&,
                          const std::string&) -> absl::StatusOr<CertificateRecord> {
    return absl::InvalidArgumentError("a bad request");
  };
  EXPECT_THAT(store().fleet().Enroll(Sha256("secret"), Subject::kHost, host, failing, clock_.Now()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a bad request")));
  EXPECT_THAT(store().fleet().GetHost("web1"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(EnrolWith("secret", Subject::kHost, "web1"), IsOk());
}

TEST_F(FleetStoreTest, ACertificateIsRecordedOnceAndTheTokenKeptIfItIsThere) {
  TokenRecord token = HostToken("secret");
  token.uses_left = 5;
  ASSERT_OK(AddToken(token));
  ASSERT_OK(Enrol("secret", Subject::kHost, "web1", "same").status());
  EXPECT_THAT(Enrol("secret", Subject::kHost, "web2", "same").status(),
              StatusIs(absl::StatusCode::kAlreadyExists));
  ASSERT_OK_AND_ASSIGN(const auto tokens, store().fleet().ListTokens());
  EXPECT_EQ(tokens.front().uses_left, 4U);
}

TEST_F(FleetStoreTest, RevocationNamesEverySerialUntilItExpires) {
  TokenRecord token = HostToken("secret");
  token.uses_left = 2;
  ASSERT_OK(AddToken(token));
  ASSERT_OK(Enrol("secret", Subject::kHost, "web1", "aa").status());
  ASSERT_OK(Enrol("secret", Subject::kHost, "web1", "bb").status());
  EXPECT_THAT(store().fleet().LiveCertificates(Subject::kHost, "web1", clock_.Now()),
              IsOkAndHolds(SizeIs(2)));
  ASSERT_OK_AND_ASSIGN(const auto serials,
                       store().fleet().Revoke(Subject::kHost, "web1", "stolen"));
  EXPECT_THAT(serials, ::testing::UnorderedElementsAre("aa", "bb"));
  EXPECT_THAT(store().fleet().RevokedSerials(clock_.Now()), IsOkAndHolds(ElementsAre("aa", "bb")));
  EXPECT_THAT(store().fleet().LiveCertificates(Subject::kHost, "web1", clock_.Now()),
              IsOkAndHolds(IsEmpty()));
  ASSERT_OK_AND_ASSIGN(const HostRecord host, store().fleet().GetHost("web1"));
  EXPECT_TRUE(host.revoked);
  EXPECT_EQ(host.certificate_expires, absl::InfinitePast());
  clock_.Advance(absl::Hours(73));
  EXPECT_THAT(store().fleet().RevokedSerials(clock_.Now()), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(store().fleet().Revoke(Subject::kHost, "nobody", ""),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FleetStoreTest, EnrollingAnewEndsARevocationAndKeepsLabels) {
  TokenRecord token = HostToken("secret");
  token.uses_left = 2;
  ASSERT_OK(AddToken(token));
  ASSERT_OK(EnrolWith("secret", Subject::kHost, "web1"));
  const absl::Time enrolled = clock_.Now();
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK(store().fleet().ChangeHost("web1", {.labels = Labels{{"role", "db"}}}));
  ASSERT_OK(store().fleet().Revoke(Subject::kHost, "web1", "rebuilt").status());
  ASSERT_OK(EnrolWith("secret", Subject::kHost, "web1"));
  ASSERT_OK_AND_ASSIGN(const HostRecord host, store().fleet().GetHost("web1"));
  EXPECT_FALSE(host.revoked);
  EXPECT_EQ(host.enrolled, enrolled) << "what it was before can still be asked";
  EXPECT_EQ(host.labels, (Labels{{"role", "db"}}));
}

TEST_F(FleetStoreTest, AUserHasTheTokensRoleUntilRevoked) {
  TokenRecord token = HostToken("secret");
  token.subject = Subject::kUser;
  token.name = "ann";
  token.role = "viewer";
  ASSERT_OK(AddToken(token));
  EXPECT_THAT(store().fleet().GetUser("ann"), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK(EnrolWith("secret", Subject::kUser, "ann"));
  EXPECT_THAT(store().fleet().GetUser("ann"), IsOkAndHolds(Field(&UserRecord::role, "viewer")));
  ASSERT_OK(store().fleet().Revoke(Subject::kUser, "ann", "left").status());
  EXPECT_THAT(store().fleet().GetUser("ann"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FleetStoreTest, HeartbeatsAreSeenAtOnceAndKeptByClosing) {
  MakeHost("web1");
  const absl::Time seen = clock_.Now() + absl::Minutes(3);
  store().fleet().NoteSeen("web1", seen);
  ASSERT_OK_AND_ASSIGN(const HostRecord now, store().fleet().GetHost("web1"));
  EXPECT_EQ(now.last_seen, seen);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const HostRecord later, store().fleet().GetHost("web1"));
  EXPECT_EQ(later.last_seen, seen);
}

TEST_F(FleetStoreTest, LabelsAreReplacedAndChannelsMoved) {
  MakeHost("web1");
  ASSERT_OK(store().fleet().ChangeHost("web1", {.labels = Labels{{"a", "1"}, {"b", "2"}}}));
  ASSERT_OK(store().fleet().ChangeHost("web1", {.labels = Labels{{"b", "3"}}}));
  ASSERT_OK(store().fleet().ChangeHost("web1", {.channel = "staging"}));
  ASSERT_OK_AND_ASSIGN(const auto hosts, store().fleet().ListHosts());
  ASSERT_THAT(hosts, SizeIs(1));
  EXPECT_EQ(hosts.front().labels, (Labels{{"b", "3"}}));
  EXPECT_EQ(hosts.front().channel, "staging");
}

class StoreFileTest : public StoreTest {};

TEST_F(StoreFileTest, ADatabaseOfANewerServerIsRefused) {
  CloseStore();
  RunSql(Path(), "PRAGMA user_version=1000");
  EXPECT_THAT(OpenAgain(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("newer fettle-server")));
}

TEST_F(StoreFileTest, ADamagedFileIsSaidAndNotOverwritten) {
  MakeHost("web1");
  CloseStore();
  Damage();
  const std::string before = Bytes();
  EXPECT_THAT(OpenAgain(),
              StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr(Path()), HasSubstr("backup"))));
  EXPECT_EQ(Bytes(), before);
}

TEST_F(StoreFileTest, ALargeFileIsServedAndCheckedMeanwhile) {
  MakeHost("web1");
  CloseStore();
  ASSERT_OK(OpenAgain(absl::InfiniteDuration(), 0));
  EXPECT_OK(store().fleet().GetHost("web1"));
  CloseStore();  // Whether the check is over or not.
  // The pages of what a host said, which opening does not look at.
  ASSERT_OK(OpenAgain());
  const std::string content(1 << 20, '\x5A');
  ASSERT_OK(store().policy().PutBlob(Sha256(content), content));
  CloseStore();
  std::string bytes = Bytes();
  const std::size_t at = bytes.find(content.substr(0, 3000));
  ASSERT_NE(at, std::string::npos);
  const std::size_t page = at / 4096 * 4096;
  bytes.replace(page, 4, std::string("\xFF\xFF\xFF\xFF"));  // The number of the page that follows.
  Overwrite(bytes);
  EXPECT_THAT(OpenAgain(), StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_OK(OpenAgain(absl::InfiniteDuration(), 0));
  EXPECT_OK(store().fleet().GetHost("web1"));
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (store().damage().empty() && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(store().damage(), AllOf(HasSubstr(Path()), HasSubstr("backup")));
}

TEST_F(StoreFileTest, AFileThatIsNoDatabaseIsDataLoss) {
  CloseStore();
  Overwrite("this is not a database, and long enough to be looked at as one by its header");
  EXPECT_THAT(OpenAgain(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(Path())));
}

TEST_F(StoreFileTest, AfterCloseCallsAreUnavailable) {
  store().Close();
  EXPECT_THAT(store().fleet().ListHosts(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(store().policy().PutBlob(Sha256("a"), "a"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Ingest("web1", "e", {Run(1, {})}), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace fettle::server
