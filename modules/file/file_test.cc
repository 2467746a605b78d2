// SPDX-License-Identifier: Apache-2.0
#include "modules/file/file.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using absl::StatusCode;
using resource::Difference;
using resource::Value;
using ::testing::ElementsAre;
using testing::FakeAccess;
using testing::FakeHost;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

const Deadline kNever = Deadline::Never();

class FileTest : public ::testing::Test {
 protected:
  static std::unique_ptr<resource::Resource> File(const std::string& name,
                                                  const Value::Map& declared) {
    std::vector<std::string> errors;
    const resource::Attributes attributes =
        resource::Normalize(FileSchema(), name, declared, &errors);
    EXPECT_THAT(errors, IsEmpty());
    return FileType().make(name, attributes);
  }

  static std::vector<std::string> ErrorsOf(const Value::Map& declared) {
    std::vector<std::string> errors;
    resource::Normalize(FileSchema(), "/etc/x", declared, &errors);
    return errors;
  }

  // Inspect and Apply, as the engine does.
  absl::Status Converge(const resource::Resource& file) {
    ASSIGN_OR_RETURN(const std::vector<Difference> drift, file.Inspect(host_, kNever));
    return drift.empty() ? absl::OkStatus() : file.Apply(drift, host_, kNever);
  }

  FakeHost host_;
};

TEST_F(FileTest, PlansANewFileWithItsContent) {
  const auto file = File("/etc/motd", {{"content", "hi\n"}});
  EXPECT_THAT(file->Inspect(host_, kNever),
              IsOkAndHolds(ElementsAre(Difference{"present", false, true},
                                       Difference{"content", Value::Absent(), "hi\n"})));
}

TEST_F(FileTest, KeepsOwnerAndModeWhenOnlyContentChanges) {
  host_.disk().PutFile("/etc/motd", "old\n", FakeAccess{0604, 7, 8});
  ASSERT_OK(Converge(*File("/etc/motd", {{"content", "new\n"}})));
  EXPECT_EQ(host_.disk().Content("/etc/motd"), "new\n");
  EXPECT_EQ(host_.disk().Access("/etc/motd")->mode, 0604U);
  EXPECT_EQ(host_.disk().Access("/etc/motd")->uid, 7U);
  EXPECT_EQ(host_.disk().Access("/etc/motd")->gid, 8U);
}

TEST_F(FileTest, ChangesTheModeWithoutWritingContent) {
  host_.disk().PutFile("/etc/motd", "same\n");
  ASSERT_OK_AND_ASSIGN(const sys::FileStat before, host_.files().Stat("/etc/motd"));
  ASSERT_OK(Converge(*File("/etc/motd", {{"content", "same\n"}, {"mode", "600"}})));
  ASSERT_OK_AND_ASSIGN(const sys::FileStat after, host_.files().Stat("/etc/motd"));
  EXPECT_EQ(after.mode, 0600U);
  EXPECT_EQ(after.inode, before.inode);
  EXPECT_EQ(after.modified_ns, before.modified_ns);
}

TEST_F(FileTest, DoesNotReadAFileOfAnotherSizeToKnowThatItDiffers) {
  host_.disk().PutFile("/big", std::string(1 << 20, 'x'));
  const auto file = File("/big", {{"content", "small"}});
  ASSERT_OK_AND_ASSIGN(const std::vector<Difference> drift, file->Inspect(host_, kNever));
  EXPECT_EQ(host_.calls().CountMatching("Read /big"), 0U);
  ASSERT_EQ(drift.size(), 1U);
  EXPECT_THAT(drift[0].current.AsString(), HasSubstr("(1048576 bytes)"));
  EXPECT_THAT(drift[0].desired.AsString(), HasSubstr("(5 bytes)"));
}

TEST_F(FileTest, DescribesBinaryContentInsteadOfShowingIt) {
  host_.disk().PutFile("/bin", std::string("a\0b", 3));
  const auto file = File("/bin", {{"content", "abc"}});
  ASSERT_OK_AND_ASSIGN(const std::vector<Difference> drift, file->Inspect(host_, kNever));
  ASSERT_EQ(drift.size(), 1U);
  EXPECT_THAT(drift[0].current.AsString(), HasSubstr("sha256:"));
}

TEST_F(FileTest, HidesWhatASecretFileHeldBefore) {
  host_.disk().PutFile("/key", "old secret");
  const auto file = File("/key", {{"content", Value::Secret("new secret")}});
  ASSERT_OK_AND_ASSIGN(const std::vector<Difference> drift, file->Inspect(host_, kNever));
  ASSERT_EQ(drift.size(), 1U);
  EXPECT_EQ(drift[0].current.Display(), "(secret)");
  EXPECT_EQ(drift[0].desired.Display(), "(secret)");
}

TEST_F(FileTest, MakesANewSecretFileReadableByItsOwnerAlone) {
  ASSERT_OK(Converge(*File("/key", {{"content", Value::Secret("s")}})));
  EXPECT_EQ(host_.disk().Access("/key")->mode, 0600U);
  ASSERT_OK(Converge(*File("/public", {{"content", "s"}})));
  EXPECT_EQ(host_.disk().Access("/public")->mode, 0644U);
}

TEST_F(FileTest, AnUnknownOwnerIsADifferenceInAPlanAndAnErrorInAnApply) {
  host_.disk().PutFile("/x", "");
  const auto file = File("/x", {{"owner", "postgres"}});
  ASSERT_OK_AND_ASSIGN(const std::vector<Difference> drift, file->Inspect(host_, kNever));
  EXPECT_THAT(drift, ElementsAre(Difference{"owner", "root", "postgres"}));
  EXPECT_THAT(file->Apply(drift, host_, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("postgres")));
  EXPECT_EQ(host_.calls().writes(), 0U);
}

// To chown(2) it means "as it is".
TEST_F(FileTest, TheNumberThatIsNoIdIsRefusedBeforeAnythingIsWritten) {
  EXPECT_FALSE(Converge(*File("/x", {{"content", "x"}, {"owner", "4294967295"}})).ok());
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(FileTest, TakesOwnersByNumberWithoutAnAccount) {
  host_.disk().PutFile("/x", "");
  const auto file = File("/x", {{"owner", "4711"}, {"group", "4712"}});
  ASSERT_OK(Converge(*file));
  EXPECT_EQ(host_.disk().Access("/x")->uid, 4711U);
  EXPECT_THAT(file->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
}

TEST_F(FileTest, RefusesALinkUnlessToldWhatToDoWithIt) {
  host_.disk().PutFile("/srv/real", "old");
  host_.disk().PutLink("/etc/x", "/srv/real");
  EXPECT_THAT(Converge(*File("/etc/x", {{"content", "new"}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("follow = true")));
  EXPECT_EQ(host_.disk().Content("/srv/real"), "old");
  ASSERT_OK(Converge(*File("/etc/x", {{"content", "new"}, {"follow", true}})));
  EXPECT_EQ(host_.disk().Content("/srv/real"), "new");
  ASSERT_OK(Converge(*File("/etc/x", {{"content", "own"}, {"force", true}})));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "own");
  EXPECT_EQ(host_.disk().Content("/srv/real"), "new");
}

TEST_F(FileTest, NeverReplacesOrRemovesADirectory) {
  host_.disk().PutDirectory("/etc/x");
  EXPECT_THAT(Converge(*File("/etc/x", {{"content", ""}, {"force", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("directory")));
  EXPECT_THAT(Converge(*File("/etc/x", {{"absent", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("directory")));
  EXPECT_TRUE(host_.disk().Exists("/etc/x"));
}

TEST_F(FileTest, KeepsTheOldFileWhenTheValidatorRefuses) {
  host_.disk().PutFile("/etc/x", "old");
  sys::CommandResult refused;
  refused.exit_code = 2;
  refused.err = "line 1: no such word\n";
  std::string seen;
  host_.programs().On([](const auto& argv) { return argv[0] == "check"; },
                      refused,
                      [&](FakeHost& fake, const sys::Command& command) {
                        seen = fake.disk().Content(command.argv[2]).value_or("(nothing)");
                      });
  EXPECT_THAT(Converge(*File("/etc/x", {{"content", "new"}, {"validate", "check -f %s"}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("no such word")));
  EXPECT_EQ(seen, "new");
  EXPECT_EQ(host_.disk().Content("/etc/x"), "old");
  EXPECT_THAT(
      Converge(*File("/etc/x", {{"content", Value::Secret("new")}, {"validate", "check -f %s"}})),
      StatusIs(StatusCode::kFailedPrecondition, Not(HasSubstr("no such word"))));
}

TEST_F(FileTest, SeedsAMissingFileOnceAndThenLeavesItsContentAlone) {
  const auto file = File("/etc/x", {{"content", "seed"}, {"replace", false}});
  ASSERT_OK(Converge(*file));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "seed");
  host_.disk().PutFile("/etc/x", "the host's own");
  EXPECT_THAT(file->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
}

TEST_F(FileTest, MakesAnEmptyFileWhenNoContentIsDeclared) {
  ASSERT_OK(Converge(*File("/etc/x", {})));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "");
}

TEST_F(FileTest, ShowsWhatASourceHoldsAndItsDigestWhenItIsNotAtHand) {
  const Digest digest = Sha256("text\n");
  const auto file = File("/etc/x", {{"source", "sha256:" + digest.Hex()}});
  ASSERT_OK_AND_ASSIGN(std::vector<Difference> drift, file->Inspect(host_, kNever));
  EXPECT_EQ(drift.back().desired, Value("sha256:" + digest.Hex()));
  EXPECT_THAT(file->Apply(drift, host_, kNever), StatusIs(StatusCode::kNotFound));
  host_.blob_store().Add("text\n");
  ASSERT_OK_AND_ASSIGN(drift, file->Inspect(host_, kNever));
  EXPECT_EQ(drift.back().desired, Value("text\n"));
  ASSERT_OK(Converge(*file));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "text\n");
}

TEST_F(FileTest, RefusesSeveralNamesUnlessInPlace) {
  host_.disk().PutFile("/a", "old");
  host_.disk().PutHardLink("/b", "/a");
  EXPECT_THAT(Converge(*File("/a", {{"content", "new"}})),
              StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_OK(Converge(*File("/a", {{"content", "new"}, {"in_place", true}})));
  EXPECT_EQ(host_.disk().Content("/b"), "new");
}

TEST_F(FileTest, DescribesWhatIsThereAsADeclarationAtRest) {
  host_.disk().PutFile("/x", "text\n", FakeAccess{0640, 0, 12});
  const auto file = File("/x", {});
  const auto* const describable = dynamic_cast<const resource::Describable*>(file.get());
  ASSERT_NE(describable, nullptr);
  ASSERT_OK_AND_ASSIGN(const resource::Attributes there, describable->Describe(host_, kNever));
  EXPECT_EQ(there.String("content", ""), "text\n");
  EXPECT_EQ(there.String("group", ""), "12");
  EXPECT_THAT(FileType().make("/x", there)->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
  host_.disk().Delete("/x");
  EXPECT_THAT(describable->Describe(host_, kNever), StatusIs(StatusCode::kNotFound));
}

TEST_F(FileTest, RefusesDeclarationsThatContradictThemselves) {
  EXPECT_THAT(ErrorsOf({{"content", "a"}, {"source", "sha256:00"}}),
              ElementsAre(HasSubstr("leave one out")));
  EXPECT_THAT(ErrorsOf({{"content", "a"}, {"absent", true}}), ElementsAre(HasSubstr("absent")));
  EXPECT_THAT(ErrorsOf({{"source", "motd"}}), ElementsAre(HasSubstr("files/")));
  EXPECT_THAT(ErrorsOf({{"validate", "visudo -c"}}), ElementsAre(HasSubstr("%s")));
  EXPECT_THAT(ErrorsOf({{"owner", "a:b"}}), ElementsAre(HasSubstr("owner")));
  EXPECT_THAT(ErrorsOf({{"mode", 644}}), Not(IsEmpty()));
  EXPECT_THAT(FileSchema().canonical_name("/etc//x/../motd"), IsOkAndHolds("/etc/motd"));
  EXPECT_THAT(FileSchema().canonical_name("/"), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(FileTest, NeedsItsDirectoryAndOwnerAndProvidesItsUnit) {
  const resource::Attributes none;
  resource::Attributes owned;
  owned.Set("owner", "www");
  owned.Set("group", "33");
  EXPECT_THAT(FileSchema().footprint("/srv/x", owned).needs,
              UnorderedElementsAre("path:/srv", "user:www"));
  EXPECT_THAT(FileSchema().footprint("/x", none).needs, IsEmpty());
  EXPECT_THAT(FileSchema().footprint("/etc/systemd/system/a.service", none).provides,
              UnorderedElementsAre("path:/etc/systemd/system/a.service", "unit:a.service"));
  EXPECT_THAT(FileSchema().footprint("/etc/systemd/system/a.service.d/x.conf", none).provides,
              ::testing::Contains("unit:a.service"));
}

}  // namespace
}  // namespace fettle::modules
