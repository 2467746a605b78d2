// SPDX-License-Identifier: Apache-2.0
// FakeHost's files behave as this machine's do: one script of calls, two transcripts, no
// difference.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/sys/linux_host.h"
#include "tests/support/fake_host.h"

namespace fettle::testing {
namespace {

using sys::Host;

// Calls with their answers, in words that hold on any machine: codes, not messages.
class Transcript {
 public:
  explicit Transcript(Host& host) : host_(host), uid_(getuid()), gid_(getgid()) {}

  void Add(const std::string& what, const absl::Status& status) {
    lines_.push_back(fmt::format("{}: {}", what, absl::StatusCodeToString(status.code())));
  }

  void Directory(const std::string& path) {
    Add("MakeDirectory " + path, host_.write_files().MakeDirectory(path, 0750, uid_, gid_));
  }

  void Link(const std::string& path, const std::string& target) {
    Add("MakeLink " + path, host_.write_files().MakeLink(path, target));
  }

  void HardLink(const std::string& path, const std::string& existing) {
    Add("MakeHardLink " + path, host_.write_files().MakeHardLink(path, existing));
  }

  void Remove(const std::string& path) { Add("Remove " + path, host_.write_files().Remove(path)); }

  void RemoveTree(const std::string& path, uint64_t most) {
    Add("RemoveTree " + path, host_.write_files().RemoveTree(path, most, Deadline::Never()));
  }

  void Mode(const std::string& path, uint32_t mode) {
    Add("SetOwnership " + path,
        host_.write_files().SetOwnership(path, std::nullopt, std::nullopt, mode));
  }

  // Replaces what is there now; `stale` pretends to have seen something else.
  void Replace(const std::string& path,
               const std::string& content,
               bool stale = false,
               bool in_place = false) {
    sys::ReplaceOptions options;
    options.mode = 0640;
    options.uid = uid_;
    options.gid = gid_;
    options.in_place = in_place;
    const absl::StatusOr<sys::FileStat> now = host_.files().Stat(path);
    if (now.ok() != stale) {
      options.expected = now.ok() ? *now : sys::FileStat();
    }
    Add("Replace " + path, host_.write_files().Replace(path, content, options));
  }

  void Refused(const std::string& path) {
    sys::ReplaceOptions options;
    options.uid = uid_;
    options.gid = gid_;
    options.expected = host_.files().Stat(path).value_or(sys::FileStat());
    options.validate = [](const std::string&) { return InvalidArgument("no"); };
    Add("Replace, refused, " + path, host_.write_files().Replace(path, "refused", options));
  }

  void Look(const std::string& path) {
    const absl::StatusOr<sys::FileStat> stat = host_.files().Stat(path);
    Add("Stat " + path, stat.status());
    if (stat.ok()) {
      // A directory's link count and size are the file system's own affair.
      const bool counts = stat->kind != sys::FileKind::kDirectory;
      lines_.push_back(fmt::format("  kind {} mode {:o} links {} size {}",
                                   static_cast<int>(stat->kind),
                                   stat->kind == sys::FileKind::kLink ? 0 : stat->mode,
                                   counts ? stat->links : 0,
                                   counts ? stat->size : 0));
    }
    const absl::StatusOr<std::string> content = host_.files().Read(path, 1000);
    Add("Read " + path, content.status());
    lines_.push_back("  " + content.value_or(""));
    Add("Read at most 2 bytes", host_.files().Read(path, 2).status());
    Add("ReadLink", host_.files().ReadLink(path).status());
    Add("ContentDigest", host_.files().ContentDigest(path, Deadline::Never()).status());
    Add("IsMountPoint", host_.files().IsMountPoint(path).status());
    const auto names = host_.files().List(path);
    Add("List", names.status());
    lines_.push_back(
        fmt::format("  {}", fmt::join(names.value_or(std::vector<std::string>()), " ")));
  }

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  Host& host_;
  uint32_t uid_;
  uint32_t gid_;
  std::vector<std::string> lines_;
};

void MakeAndLook(Transcript& t) {
  t.Directory("/d");
  t.Directory("/d");
  t.Directory("/none/d");
  t.Replace("/d/f", "hello");
  t.Replace("/none/f", "x");
  t.Replace("/d", "x");
  t.Link("/d/l", "f");
  t.Link("/d/dangling", "nowhere");
  t.Link("/d/f", "x");
  t.Link("/d/empty", "");
  t.Link("/d/to-d", "../d");
  for (const char* const path :
       {"/d", "/d/f", "/d/l", "/d/dangling", "/none", "/d/none", "/d/f/x", "/d/to-d/f"}) {
    t.Look(path);
  }
}

void Change(Transcript& t) {
  t.Directory("/d");
  t.Replace("/d/f", "one");
  t.Replace("/d/f", "two", /*stale=*/true);
  t.Replace("/d/new", "two", /*stale=*/true);
  t.Refused("/d/f");
  t.Mode("/d/f", 04711);
  t.Mode("/d/none", 0600);
  t.Link("/d/l", "f");
  t.Replace("/d/l", "x");
  t.Mode("/d/l", 0600);
  t.Link("/d/l", "g");
  t.HardLink("/d/h", "/d/f");
  t.HardLink("/d/h", "/d/f");
  t.HardLink("/d/h2", "/d/none");
  t.HardLink("/d/h3", "/d");
  t.HardLink("/d/h4", "/d/l");
  t.HardLink("/d/l", "/d/f");
  t.Replace("/d/h", "new");
  t.Replace("/d/h", "new", /*stale=*/false, /*in_place=*/true);
  for (const char* const path : {"/d", "/d/f", "/d/l", "/d/h"}) {
    t.Look(path);
  }
}

void Removals(Transcript& t) {
  t.Directory("/d");
  t.Directory("/d/e");
  t.Replace("/d/e/f", "x");
  t.Link("/d/e/l", "f");
  t.Remove("/d/e");
  t.RemoveTree("/d/e", 2);
  t.Look("/d/e");
  t.RemoveTree("/d/e/f", 10);
  t.RemoveTree("/d/none", 10);
  t.Remove("/d/none");
  t.Remove("/none/x");
  t.Remove("/d/e/l");
  t.RemoveTree("/d/e", 3);
  t.Remove("/d");
  t.Look("/d");
}

using Script = void (*)(Transcript&);

class FakeParityTest : public ::testing::TestWithParam<Script> {};

TEST_P(FakeParityTest, TheFakeAnswersAsThisMachineDoes) {
  FakeHost fake;
  Transcript expected(fake);
  GetParam()(expected);

  std::string root = ::testing::TempDir() + "fettle-parity-XXXXXX";
  ASSERT_NE(mkdtemp(root.data()), nullptr);
  {
    sys::LinuxHostOptions options;
    options.root = root;
    const std::unique_ptr<Host> host = sys::MakeLinuxHost(options);
    Transcript real(*host);
    GetParam()(real);
    EXPECT_EQ(fmt::format("{}", fmt::join(expected.lines(), "\n")),
              fmt::format("{}", fmt::join(real.lines(), "\n")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(root) ||
              sys::MakeLinuxHost({})->write_files().RemoveTree(root, 100, Deadline::Never()).ok());
  EXPECT_TRUE(rmdir(root.c_str()) == 0 || !std::filesystem::exists(root));
}

INSTANTIATE_TEST_SUITE_P(Scripts,
                         FakeParityTest,
                         ::testing::Values(&MakeAndLook, &Change, &Removals));

}  // namespace
}  // namespace fettle::testing
