// SPDX-License-Identifier: Apache-2.0
#include "modules/directory/directory.h"

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
using testing::StatusIs;

const Deadline kNever = Deadline::Never();

class DirectoryTest : public ::testing::Test {
 protected:
  static std::unique_ptr<resource::Resource> Directory(const std::string& name,
                                                       const Value::Map& declared) {
    std::vector<std::string> errors;
    const resource::Attributes attributes =
        resource::Normalize(DirectorySchema(), name, declared, &errors);
    EXPECT_THAT(errors, IsEmpty());
    return DirectoryType().make(name, attributes);
  }

  static std::vector<std::string> ErrorsOf(const std::string& name, const Value::Map& declared) {
    std::vector<std::string> errors;
    resource::Normalize(DirectorySchema(), name, declared, &errors);
    return errors;
  }

  absl::Status Converge(const resource::Resource& directory) {
    ASSIGN_OR_RETURN(const std::vector<Difference> drift, directory.Inspect(host_, kNever));
    return drift.empty() ? absl::OkStatus() : directory.Apply(drift, host_, kNever);
  }

  FakeHost host_;
};

TEST_F(DirectoryTest, MakesOneDirectoryAndNoParents) {
  ASSERT_OK(Converge(*Directory("/etc/new", {{"mode", "0700"}})));
  EXPECT_EQ(host_.disk().Access("/etc/new")->mode, 0700U);
  EXPECT_THAT(Converge(*Directory("/none/new", {})),
              StatusIs(StatusCode::kNotFound, HasSubstr("/none")));
}

TEST_F(DirectoryTest, ListsWhatIsOffBelowByName) {
  host_.disk().PutDirectory("/d", {0755, 7, 0});
  host_.disk().PutFile("/d/a", "", FakeAccess{0600, 0, 0});
  host_.disk().PutFile("/d/s/b", "", FakeAccess{0644, 7, 0});
  const auto directory =
      Directory("/d", {{"recurse", true}, {"owner", "7"}, {"file_mode", "0644"}});
  EXPECT_THAT(directory->Inspect(host_, kNever),
              IsOkAndHolds(ElementsAre(Difference{"file_mode", Value::List{"a: 0600"}, "0644"},
                                       Difference{"owner", Value::List{"a: 0", "s: 0"}, "7"})));
  ASSERT_OK(Converge(*directory));
  EXPECT_THAT(directory->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(host_.calls().CountMatching("SetOwnership /d/s/b"), 0U);
}

// The evaluation adds to keep what other resources own.
TEST_F(DirectoryTest, RecurseLeavesAloneWhatIsKept) {
  host_.disk().PutDirectory("/d", {0755, 7, 0});
  host_.disk().PutFile("/d/own", "", FakeAccess{0644, 0, 0});
  host_.disk().PutDirectory("/d/s", {0700, 0, 0});
  host_.disk().PutFile("/d/s/b", "", FakeAccess{0644, 0, 0});
  ASSERT_OK(Converge(
      *Directory("/d", {{"recurse", true}, {"owner", "7"}, {"keep", Value::List{"own", "s"}}})));
  EXPECT_EQ(host_.disk().Access("/d/own")->uid, 0U);
  EXPECT_EQ(host_.disk().Access("/d/s")->uid, 0U);
  EXPECT_EQ(host_.disk().Access("/d/s/b")->uid, 7U);
}

TEST_F(DirectoryTest, APurgeThatCannotBeDoneRemovesNothing) {
  host_.disk().PutFile("/d/a", "");
  host_.disk().PutFile("/d/sub/b", "");
  EXPECT_THAT(Converge(*Directory("/d", {{"purge", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("force = true")));
  EXPECT_TRUE(host_.disk().Exists("/d/a"));
}

TEST_F(DirectoryTest, NeverCrossesMountsOrFollowsLinks) {
  host_.disk().PutFile("/other/x", "", FakeAccess{0600, 0, 0});
  host_.disk().PutFile("/d/mount/x", "", FakeAccess{0600, 0, 0});
  host_.disk().Mount("/d/mount");
  host_.disk().PutLink("/d/link", "/other");
  ASSERT_OK(Converge(*Directory("/d", {{"recurse", true}, {"owner", "7"}, {"purge", true}})));
  EXPECT_EQ(host_.disk().Access("/other/x")->uid, 0U);
  EXPECT_EQ(host_.disk().Access("/d/mount/x")->uid, 0U);
  EXPECT_FALSE(host_.disk().Exists("/d/link"));
  EXPECT_TRUE(host_.disk().Exists("/other/x"));
}

TEST_F(DirectoryTest, RefusesMoreThanItsBoundBeforeChangingAnything) {
  for (int i = 0; i < 5; ++i) {
    host_.disk().PutFile(fmt::format("/d/{}", i), "");
  }
  const auto directory = Directory("/d", {{"purge", true}, {"max_entries", 4}});
  EXPECT_THAT(directory->Inspect(host_, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("max_entries")));
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(DirectoryTest, PlansEveryNameThatPurgeRemoves) {
  for (const char* const path : {"/d/keep.conf", "/d/b", "/d/a", "/d/x.dpkg-old"}) {
    host_.disk().PutFile(path, "");
  }
  const auto directory = Directory("/d", {{"purge", true}, {"keep", "*.conf"}});
  EXPECT_THAT(directory->Inspect(host_, kNever),
              IsOkAndHolds(ElementsAre(Difference{"purge", Value::List{"a", "b"}, Value::List()})));
  ASSERT_OK(Converge(*directory));
  EXPECT_THAT(host_.files().List("/d"), IsOkAndHolds(ElementsAre("keep.conf", "x.dpkg-old")));
}

TEST_F(DirectoryTest, PurgesDirectoriesOnlyByForce) {
  host_.disk().PutFile("/d/sub/x", "");
  EXPECT_THAT(Converge(*Directory("/d", {{"purge", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("sub")));
  EXPECT_TRUE(host_.disk().Exists("/d/sub/x"));
  ASSERT_OK(Converge(*Directory("/d", {{"purge", true}, {"force", true}})));
  EXPECT_FALSE(host_.disk().Exists("/d/sub"));
}

TEST_F(DirectoryTest, DoesNotLookIntoADirectoryThatAnotherResourceOwns) {
  host_.disk().PutFile("/d/sub/x", "");
  const auto directory = Directory("/d", {{"purge", true}, {"keep", "sub"}});
  EXPECT_THAT(directory->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
}

TEST_F(DirectoryTest, RemovesOnlyTheEmptyWithoutForce) {
  host_.disk().PutFile("/d/x", "");
  EXPECT_THAT(Converge(*Directory("/d", {{"absent", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("force")));
  ASSERT_OK(Converge(*Directory("/d", {{"absent", true}, {"force", true}})));
  EXPECT_FALSE(host_.disk().Exists("/d"));
  host_.disk().PutFile("/d", "a file");
  EXPECT_THAT(Converge(*Directory("/d", {{"absent", true}, {"force", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("not removed")));
}

TEST_F(DirectoryTest, TakesTheirPlaceFromFilesAndLinksOnlyByForce) {
  host_.disk().PutLink("/d", "/etc");
  EXPECT_THAT(Converge(*Directory("/d", {{"mode", "0700"}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("link")));
  EXPECT_EQ(host_.disk().Access("/etc")->mode, 0755U);
  ASSERT_OK(Converge(*Directory("/d", {{"mode", "0700"}, {"force", true}})));
  EXPECT_EQ(host_.disk().Access("/d")->mode, 0700U);
}

TEST_F(DirectoryTest, DescribesItsAccess) {
  host_.disk().PutDirectory("/d", {01777, 0, 9});
  const auto directory = Directory("/d", {});
  const auto* const describable = dynamic_cast<const resource::Describable*>(directory.get());
  ASSERT_NE(describable, nullptr);
  ASSERT_OK_AND_ASSIGN(const resource::Attributes there, describable->Describe(host_, kNever));
  EXPECT_EQ(there.String("mode", ""), "1777");
  EXPECT_THAT(DirectoryType().make("/d", there)->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
}

TEST_F(DirectoryTest, RefusesDeclarationsThatContradictThemselves) {
  EXPECT_THAT(ErrorsOf("/d", {{"file_mode", "0644"}}), ElementsAre(HasSubstr("recurse")));
  EXPECT_THAT(ErrorsOf("/d", {{"absent", true}, {"purge", true}}), ElementsAre(HasSubstr("purge")));
  EXPECT_THAT(ErrorsOf("/d", {{"purge", true}, {"keep", "/d/x"}}), ElementsAre(HasSubstr("keep")));
  EXPECT_THAT(ErrorsOf("/", {{"purge", true}}), ElementsAre(HasSubstr("root")));
}

}  // namespace
}  // namespace fettle::modules
