// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gmock/gmock.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/apt_policy.h"
#include "lib/sys/dpkg_lock.h"
#include "lib/sys/dpkg_status.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/linux_packages.h"
#include "lib/sys/temp_dir_for_test.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kStatus[] = R"(Package: dpkg
Essential: yes
Status: install ok installed
Priority: required
Architecture: amd64
Version: 1.21.22
Description: package manager
 Package: not-a-field
 .
 Status: install ok half-installed

Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.36-9

Package: libc6
Status: install ok installed
Architecture: i386
Multi-Arch: same
Version: 2.36-8

Package: postfix
Status: hold ok installed
Architecture: amd64
Version: 3.7
Provides: default-mta, mail-transport-agent (= 3), postfix-abi:any

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0
Provides: gone-abi

Package: torn
Status: install ok half-configured
Architecture: amd64
Version: 2.0

Package: worse
Status: install reinstreq half-installed
Architecture: amd64
Version: 2.1

Package: pending
Status: install ok triggers-pending
Architecture: all
Version: 2.2

Package: only-foreign
Status: install ok installed
Architecture: i386
Version: 1
Provides: foreign-abi

Package: never
Status: hold ok not-installed
Architecture: amd64

Package: foreign-torn
Status: install ok unpacked
Architecture: i386
Version: 1)";

TEST(DpkgStatusTest, TellsTheStatesApart) {
  struct Case {
    const char* name;
    PackagePresence presence;
    const char* version;
  };

  const DpkgStatus status({kStatus});
  for (const Case& each : {Case{"dpkg", PackagePresence::kInstalled, "1.21.22"},
                           Case{"dpkg:amd64", PackagePresence::kInstalled, "1.21.22"},
                           Case{"libc6", PackagePresence::kInstalled, "2.36-9"},
                           Case{"libc6:i386", PackagePresence::kInstalled, "2.36-8"},
                           Case{"libc6:arm64", PackagePresence::kAbsent, ""},
                           Case{"gone", PackagePresence::kConfigFiles, "1.0"},
                           Case{"gone:amd64", PackagePresence::kConfigFiles, "1.0"},
                           Case{"torn", PackagePresence::kBroken, "2.0"},
                           Case{"worse", PackagePresence::kBroken, "2.1"},
                           Case{"pending", PackagePresence::kBroken, "2.2"},
                           Case{"only-foreign", PackagePresence::kAbsent, ""},
                           Case{"only-foreign:any", PackagePresence::kInstalled, "1"},
                           Case{"never", PackagePresence::kAbsent, ""},
                           Case{"unknown", PackagePresence::kAbsent, ""},
                           Case{"not-a-field", PackagePresence::kAbsent, ""}}) {
    EXPECT_EQ(status.State(each.name).presence, each.presence) << each.name;
    EXPECT_EQ(status.State(each.name).version, each.version) << each.name;
  }
  EXPECT_EQ(status.State("torn").broken_as, "half-configured");
  EXPECT_TRUE(status.State("postfix").held);
  EXPECT_FALSE(status.State("dpkg").held);
  EXPECT_TRUE(status.Find("dpkg")->essential);
}

TEST(DpkgStatusTest, KnowsWhatInstalledPackagesProvide) {
  const DpkgStatus status({kStatus});
  for (const char* name : {"default-mta", "mail-transport-agent", "postfix-abi"}) {
    EXPECT_EQ(status.State(name).presence, PackagePresence::kInstalled) << name;
    EXPECT_EQ(status.State(name).version, "") << name;
  }
  EXPECT_EQ(status.State("gone-abi").presence, PackagePresence::kAbsent);
  EXPECT_EQ(status.State("foreign-abi").presence, PackagePresence::kAbsent);
  EXPECT_EQ(status.State("foreign-abi:i386").presence, PackagePresence::kInstalled);
}

TEST(DpkgStatusTest, NamesWhatIsHalfDone) {
  EXPECT_THAT(DpkgStatus({kStatus}).Broken(),
              ElementsAre("foreign-torn:i386", "pending", "torn", "worse"));
}

TEST(DpkgStatusTest, LaterTextsOverrideEarlierOnes) {
  const DpkgStatus status({kStatus,
                           "Package: torn\nStatus: install ok installed\nArchitecture: amd64\n"
                           "Version: 2.0\n",
                           "Package: fresh\nStatus: install ok unpacked\nArchitecture: all\n"
                           "Version: 9\n"});
  EXPECT_EQ(status.State("torn").presence, PackagePresence::kInstalled);
  EXPECT_EQ(status.State("fresh").presence, PackagePresence::kBroken);
  EXPECT_EQ(status.State("libc6:i386").version, "2.36-8");
}

TEST(DpkgStatusTest, SurvivesAnyText) {
  for (const char* text : {"",
                           "\n\n\n",
                           "Package:",
                           "Package: x",
                           "Status: a",
                           ":\n::\n",
                           "Package: x\nStatus: install ok\n",
                           "Package: x\nProvides: ,,(, \n"}) {
    EXPECT_THAT(DpkgStatus({text}).Broken(), IsEmpty()) << text;
  }
}

TEST(DpkgStatusTest, AgreesWithDpkgQueryOnThisMachine) {
  Command command;
  command.argv = {
      "dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Package}:${Architecture}|${Version}\\n"};
  command.max_output = 16 << 20;
  const absl::StatusOr<CommandResult> result = RunCommand(command, Deadline::Never());
  ASSERT_TRUE(result.ok());
  const LinuxPackages packages("", {});
  std::size_t compared = 0;
  for (const std::string_view line : SplitLines(result->out)) {
    const std::vector<std::string_view> fields = Split(line, '|');
    if (fields.size() != 3 || fields[0] != "ii ") {
      continue;
    }
    const std::string_view name = fields[1].substr(0, fields[1].rfind(":all"));
    const absl::StatusOr<PackageState> state = packages.Package(std::string(name));
    ASSERT_TRUE(state.ok());
    EXPECT_EQ(state->presence, PackagePresence::kInstalled) << name;
    EXPECT_EQ(state->version, fields[2]) << name;
    ++compared;
  }
  EXPECT_GT(compared, 50U);
}

class LinuxPackagesTest : public TempDirTest {
 protected:
  LinuxPackagesTest() {
    std::filesystem::create_directories(Path("var/lib/dpkg/updates"));
    Write(Path("var/lib/dpkg/status"), kStatus);
  }
};

TEST_F(LinuxPackagesTest, ReadsOncePerPassAndThenOnlyWhatHasChanged) {
  const LinuxPackages packages(directory(), {});
  EXPECT_EQ(packages.Package("fresh")->presence, PackagePresence::kAbsent);
  Write(Path("var/lib/dpkg/updates/0001"),
        "Package: fresh\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n");
  Write(Path("var/lib/dpkg/updates/tmp.i"), "Package: dpkg\n");
  EXPECT_EQ(packages.Package("fresh")->presence, PackagePresence::kAbsent);
  packages.Forget();
  EXPECT_EQ(packages.Package("fresh")->presence, PackagePresence::kInstalled);
  EXPECT_EQ(packages.Package("dpkg")->version, "1.21.22");
}

TEST_F(LinuxPackagesTest, OnlyLooksBelowAnotherRoot) {
  LinuxPackages packages(directory(), {});
  EXPECT_EQ(packages.Commit({}, {}, Deadline::Never()).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(LinuxPackagesTest, SaysThatThereIsNoDatabase) {
  const LinuxPackages packages(Path("none"), {});
  EXPECT_EQ(packages.Package("x").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(AptPolicyTest, FindsCandidatesAndWhatCanBeInstalled) {
  const auto packages = ParseAptPolicy(
      "bash:\n"
      "  Installed: 5.2.15-2+b8\n"
      "  Candidate: 5.2.15-2+b13\n"
      "  Version table:\n"
      "     5.2.15-2+b13 500\n"
      "        500 http://deb.debian.org/debian bookworm/main amd64 Packages\n"
      "        500 http://other/debian bookworm/main amd64 Packages\n"
      " *** 5.2.15-2+b8 100\n"
      "        100 /var/lib/dpkg/status\n"
      "     5.1-1 500\n"
      "        500 http://deb.debian.org/debian bullseye/main amd64 Packages\n"
      "virtual:\n"
      "  Installed: (none)\n"
      "  Candidate: (none)\n"
      "  Version table:\n"
      "pinned:\n"
      "  Installed: (none)\n"
      "  Candidate: 1\n"
      "  Package pin: 1\n"
      "  Version table:\n"
      "     2 500\n"
      "        500 http://deb.debian.org/debian bookworm/main amd64 Packages\n"
      "     1 1001\n"
      "        500 http://deb.debian.org/debian bookworm/main amd64 Packages\n");
  ASSERT_EQ(packages.size(), 3U);
  EXPECT_EQ(packages.at("bash").candidate, "5.2.15-2+b13");
  EXPECT_THAT(packages.at("bash").versions, ElementsAre("5.2.15-2+b13", "5.1-1"));
  EXPECT_EQ(packages.at("virtual").candidate, "");
  EXPECT_THAT(packages.at("virtual").versions, IsEmpty());
  EXPECT_EQ(packages.at("pinned").candidate, "1");
  EXPECT_THAT(packages.at("pinned").versions, ElementsAre("2", "1"));
}

TEST(AptPolicyTest, SurvivesAnyText) {
  EXPECT_THAT(ParseAptPolicy(""), IsEmpty());
  EXPECT_THAT(
      ParseAptPolicy("N: Unable to locate package x\n  Candidate: 1\n     1 500\n        500 h\n"),
      IsEmpty());
  EXPECT_EQ(ParseAptPolicy("x:\n     \n *** \n        \n").size(), 1U);
}

// Holds a lock as apt does, in a process of its own, until it goes.
class LockingProcess {
 public:
  explicit LockingProcess(const std::string& path) {
    int ready[2];
    EXPECT_EQ(pipe2(ready, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      const int fd = open(path.c_str(), O_RDWR | O_CREAT, 0640);

      struct flock lock {};

      lock.l_type = F_WRLCK;
      const bool locked = fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0;
      const ssize_t told = write(ready[1], locked ? "y" : "n", 1);
      while (told == 1) {
        pause();
      }
      _exit(1);
    }
    char answer = 'n';
    EXPECT_EQ(read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    close(ready[0]);
    close(ready[1]);
  }

  ~LockingProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

using DpkgLockTest = TempDirTest;

TEST_F(DpkgLockTest, NamesWhoHoldsTheLock) {
  const std::vector<std::string> locks = {Path("lock-frontend"), Path("lock")};
  EXPECT_EQ(LockHolder(locks[0]), "");
  EXPECT_TRUE(AwaitLocks(locks, Deadline::Expired()).ok());
  {
    const LockingProcess holder(locks[1]);
    const std::string name = "sys_test (pid " + std::to_string(holder.pid()) + ": ";
    EXPECT_THAT(LockHolder(locks[1]), AllOf(StartsWith(name), HasSubstr("/sys_test")));
    const absl::Status status = AwaitLocks(locks, Deadline::Expired());
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(Message(status)), HasSubstr(name));
  }
  EXPECT_TRUE(AwaitLocks(locks, Deadline::Expired()).ok());
}

}  // namespace
}  // namespace fettle::sys
