// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "lib/digest/digest.h"
#include "lib/sys/host.h"

namespace fettle::sys {

// One question put to a host, and a digest of its answer.
struct Observation {
  std::string question;  // "file /etc/motd", "content of /etc/motd", "unit nginx.service" …
  Digest answer;
  bool operator==(const Observation&) const = default;
};

// Passes looks on to `base` and keeps what was asked and answered: the fingerprint of what was
// seen. What says nothing about the state of the host is left out of an answer: times of units, the
// size and times of a directory (they change with whatever is put into it), what a probe printed.
// Blobs are no part of the host. Safe from many threads.
class RecordingReader final : public HostReader,
                              private FileReader,
                              private PackageReader,
                              private UnitReader,
                              private AccountReader,
                              private KernelReader,
                              private Prober {
 public:
  explicit RecordingReader(const HostReader& base) : base_(base) {}

  // What was asked, in order of question, each once (the first answer counts).
  std::vector<Observation> Take();

  const FileReader& files() const override { return *this; }

  const PackageReader& packages() const override { return *this; }

  const UnitReader& units() const override { return *this; }

  const AccountReader& accounts() const override { return *this; }

  const KernelReader& kernel() const override { return *this; }

  const Prober& prober() const override { return *this; }

  const BlobReader& blobs() const override { return base_.blobs(); }

  void ForgetSnapshots() const override { base_.ForgetSnapshots(); }

 private:
  absl::StatusOr<FileStat> Stat(const std::string& path) const override;
  absl::StatusOr<std::string> Read(const std::string& path, uint64_t max_bytes) const override;
  absl::StatusOr<Digest> ContentDigest(const std::string& path, Deadline deadline) const override;
  absl::StatusOr<Digest> DigestOf(const std::string& path,
                                  const FileStat& seen,
                                  Deadline deadline) const override;

  void ForgetDigests() const override { base_.files().ForgetDigests(); }

  absl::StatusOr<std::string> ReadLink(const std::string& path) const override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) const override;
  absl::StatusOr<bool> IsMountPoint(const std::string& path) const override;

  absl::StatusOr<PackageState> Package(const std::string& name) const override;
  absl::StatusOr<std::string> Candidate(const std::string& name, Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> AvailableVersions(const std::string& name,
                                                             Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> Broken() const override;
  int CompareVersions(std::string_view a, std::string_view b) const override;

  absl::StatusOr<UnitState> Unit(const std::string& name, Deadline deadline) const override;
  std::vector<std::string> JournalTail(const std::string& name, std::size_t lines) const override;

  absl::StatusOr<User> FindUser(const std::string& name) const override;
  absl::StatusOr<User> FindUser(uint32_t uid) const override;
  absl::StatusOr<Group> FindGroup(const std::string& name) const override;
  absl::StatusOr<Group> FindGroup(uint32_t gid) const override;
  absl::StatusOr<std::vector<std::string>> GroupsOf(const std::string& user) const override;
  std::vector<std::string> ProcessesOf(uint32_t uid, std::size_t most) const override;

  absl::StatusOr<std::string> Sysctl(const std::string& key) const override;

  absl::StatusOr<CommandResult> Probe(const Command& command, Deadline deadline) const override;
  absl::StatusOr<HttpAnswer> HttpGet(const std::string& url, Deadline deadline) const override;
  absl::Status TcpConnect(const std::string& host, uint16_t port, Deadline deadline) const override;

  void Keep(std::string question, const absl::Status& status, std::string_view answer) const;

  const HostReader& base_;
  mutable absl::Mutex mutex_;
  mutable std::vector<Observation> seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::sys
