// SPDX-License-Identifier: Apache-2.0
// The physical floor of a workload: only the system calls that it cannot do without. Not a test;
// run.py times it.
//   floor statx DIR N          statx of DIR/f0 … f<N-1>
//   floor read DIR N           open, fstat, read, compare and close of each
//   floor write DIR N          temporary, write, fsync, rename of each, then fsync of DIR
//   floor batch DIR N          all temporaries written, one syncfs, all renamed, fsync of DIR: as
//                              durable, for less
//   floor repair DIR N         reads N, replaces every hundredth as `batch` does
//   floor dpkg                 one read of the package database
//   floor spawn N              N processes that do nothing
//   floor w3 DIR               what W3 of run.py cannot do without: its directories, files, links,
//                              the package and account databases, 20 guards
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

extern char** environ;

namespace {

[[noreturn]] void Fail(const std::string& what) {
  perror(what.c_str());
  exit(1);
}

std::string ContentOf(long i) {
  std::string content = "file " + std::to_string(i) + " of the workload\n";
  content.append(200 - content.size() - 1, 'x');
  content.push_back('\n');
  return content;
}

void Statx(int dir, const std::string& name) {
  struct statx got {};

  if (statx(dir, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &got) != 0) {
    Fail(name);
  }
}

void Read(int dir, const std::string& name, long i) {
  char buffer[4096];

  struct stat got {};

  const int fd = openat(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &got) != 0) {
    Fail(name);
  }
  const ssize_t size = read(fd, buffer, sizeof buffer);
  const std::string content = ContentOf(i);
  if (size != static_cast<ssize_t>(content.size()) ||
      memcmp(buffer, content.data(), content.size()) != 0) {
    printf("%s differs\n", name.c_str());
  }
  close(fd);
}

void Stage(int dir, const std::string& name, long i, bool sync) {
  const std::string temporary = ".t" + name;
  const std::string content = ContentOf(i);
  const int fd = openat(dir, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      fchmod(fd, 0644) != 0 || (sync && fsync(fd) != 0)) {
    Fail(name);
  }
  close(fd);
}

void Rename(int dir, const std::string& name) {
  const std::string temporary = ".t" + name;
  if (renameat(dir, temporary.c_str(), dir, name.c_str()) != 0) {
    Fail(name);
  }
}

void Write(int dir, const std::string& name, long i) {
  Stage(dir, name, i, true);
  Rename(dir, name);
}

// Every `step`th of `count`.
void Batch(int dir, long count, long step) {
  for (long i = 0; i < count; i += step) {
    Stage(dir, "f" + std::to_string(i), i, false);
  }
  if (syncfs(dir) != 0) {
    Fail("syncfs");
  }
  for (long i = 0; i < count; i += step) {
    Rename(dir, "f" + std::to_string(i));
  }
}

void Whole(int dir, const std::string& path) {
  char buffer[65536];
  const int fd = openat(dir, path.c_str(), O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && read(fd, buffer, sizeof buffer) > 0) {
  }
  if (fd < 0) {
    Fail(path);
  }
  close(fd);
}

void Dpkg() {
  static char buffer[1 << 20];
  const int fd = open("/var/lib/dpkg/status", O_RDONLY | O_CLOEXEC);
  long lines = 0;
  for (ssize_t size = 0; (size = read(fd, buffer, sizeof buffer)) > 0;) {
    for (const char* at = buffer;
         (at = static_cast<const char*>(memchr(at, '\n', static_cast<size_t>(buffer + size - at))));
         ++at) {
      ++lines;
    }
  }
  close(fd);
  printf("%ld lines\n", lines);
}

void Spawn() {
  char program[] = "/bin/true";
  char* argv[] = {program, nullptr};
  pid_t pid = 0;
  int status = 0;
  if (posix_spawn(&pid, program, nullptr, nullptr, argv, environ) != 0 ||
      waitpid(pid, &status, 0) != pid) {
    Fail(program);
  }
}

void W3(const char* path) {
  char target[4096];
  const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) {
    Fail(path);
  }
  for (long i = 0; i < 40; ++i) {
    Statx(dir, "file" + std::to_string(i));
    Whole(dir, "file" + std::to_string(i));
  }
  for (long i = 0; i < 20; ++i) {
    Statx(dir, "d" + std::to_string(i));
    Spawn();
  }
  for (long i = 0; i < 10; ++i) {
    Statx(dir, "template" + std::to_string(i));
    Whole(dir, "template" + std::to_string(i));
    const std::string link = "link" + std::to_string(i);
    if (readlinkat(dir, link.c_str(), target, sizeof target) < 0) {
      Fail(link);
    }
  }
  Whole(dir, "lines");
  Whole(dir, "/etc/passwd");
  Whole(dir, "/etc/group");
  Dpkg();
  close(dir);
}

void Files(const std::string& what, const char* path, long count) {
  const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) {
    Fail(path);
  }
  for (long i = 0; i < count && what != "batch"; ++i) {
    const std::string name = "f" + std::to_string(i);
    if (what == "statx") {
      Statx(dir, name);
    } else if (what == "write") {
      Write(dir, name, i);
    } else {
      Read(dir, name, i);
    }
  }
  if (what == "batch" || what == "repair") {
    Batch(dir, count, what == "batch" ? 1 : 100);
  }
  if (what != "statx" && what != "read" && fsync(dir) != 0) {
    Fail(path);
  }
  close(dir);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "dpkg") {
    Dpkg();
  } else if (what == "spawn" && argc == 3) {
    for (long i = 0; i < atol(argv[2]); ++i) {
      Spawn();
    }
  } else if (what == "w3" && argc == 3) {
    W3(argv[2]);
  } else if ((what == "statx" || what == "read" || what == "write" || what == "batch" ||
              what == "repair") &&
             argc == 4) {
    Files(what, argv[2], atol(argv[3]));
  } else {
    fprintf(stderr, "usage: floor statx|read|write|batch|repair DIR N | dpkg | spawn N | w3 DIR\n");
    return 1;
  }
  return 0;
}
