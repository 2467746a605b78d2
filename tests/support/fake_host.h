// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/sys/host.h"
#include "tests/support/fake_accounts.h"
#include "tests/support/fake_calls.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_files.h"
#include "tests/support/fake_packages.h"
#include "tests/support/fake_units.h"

namespace fettle::testing {

class FakeHost;

// The live kernel settings of a FakeHost. A boot brings back those it began with, then the
// "key = value" lines of /etc/sysctl.d/*.conf, in order of file name.
class FakeKernel final : public sys::KernelReader, public sys::KernelWriter {
 public:
  FakeKernel(FakeCalls& calls, const FakeFiles& files) : calls_(calls), files_(files) {}

  // For tests: a key of this kernel with its value after boot; SetLive() changes the live one
  // alone.
  void AddKey(const std::string& key, const std::string& value);
  void SetLive(const std::string& key, const std::string& value);
  void RemoveKey(const std::string& key);

  // The kernel refuses this value for this key.
  void Refuse(const std::string& key, const std::string& value) { refused_.emplace(key, value); }

  void Boot();

  absl::StatusOr<std::string> Sysctl(const std::string& key) const override;
  absl::Status SetSysctl(const std::string& key, const std::string& value) override;

 private:
  FakeCalls& calls_;
  const FakeFiles& files_;
  std::map<std::string, std::string> boot_;
  std::map<std::string, std::string> live_;
  std::set<std::pair<std::string, std::string>> refused_;
};

// The programs of a FakeHost: scripted. What is not scripted does not exist (kNotFound).
class FakePrograms final : public sys::Prober, public sys::CommandRunner {
 public:
  using Matcher = std::function<bool(const std::vector<std::string>& argv)>;
  using Effect = std::function<void(FakeHost& host, const sys::Command& command)>;

  explicit FakePrograms(FakeHost& host) : host_(host) {}

  // A command that `matches` answers `result` after `effect` (null: none) was done to the host,
  // unsynced. The latest match wins.
  void On(Matcher matches, sys::CommandResult result, Effect effect = nullptr);
  // As above for argv[0] == program, whatever its arguments, with this exit code.
  void OnProgram(const std::string& program, int exit_code, Effect effect = nullptr);
  void OnHttp(const std::string& url, int status, const std::string& body);

  void Listen(const std::string& host, uint16_t port) { listening_.emplace(host, port); }

  void StopListening(const std::string& host, uint16_t port) { listening_.erase({host, port}); }

  void StopHttp(const std::string& url) { http_.erase(url); }

  // Every command that was run or probed, in order.
  const std::vector<sys::Command>& commands() const { return commands_; }

  absl::StatusOr<sys::CommandResult> Probe(const sys::Command& command,
                                           Deadline deadline) const override;
  absl::StatusOr<HttpAnswer> HttpGet(const std::string& url, Deadline deadline) const override;
  absl::Status TcpConnect(const std::string& host, uint16_t port, Deadline deadline) const override;
  absl::StatusOr<sys::CommandResult> Run(const sys::Command& command, Deadline deadline) override;

 private:
  struct Script {
    Matcher matches;
    sys::CommandResult result;
    Effect effect;
  };

  absl::StatusOr<sys::CommandResult> Play(const sys::Command& command) const;

  FakeHost& host_;
  std::vector<Script> scripts_;
  std::map<std::string, HttpAnswer> http_;
  std::set<std::pair<std::string, uint16_t>> listening_;
  mutable std::vector<sys::Command> commands_;
};

// The content of a policy tree's files/.
class FakeBlobs final : public sys::BlobReader {
 public:
  explicit FakeBlobs(FakeCalls& calls) : calls_(calls) {}

  Digest Add(std::string content);
  absl::StatusOr<std::string> Blob(const Digest& digest) const override;

 private:
  FakeCalls& calls_;
  std::map<Digest, std::string> blobs_;
};

// A small honest machine in memory behind sys::Host: what is written can be read back, what a real
// host refuses it refuses with the same code, every call is logged, and any call can be made to
// fail. Has "/", "/etc", "/etc/systemd/system", "/tmp" and root; everything else is put there by
// tests through the parts. No call sleeps or blocks; a call with an expired deadline answers
// kDeadlineExceeded. Safe from many threads, but set it up before they start.
class FakeHost final : public sys::Host {
 public:
  FakeHost();

  // The parts, for set-up and for looking: what is done through their test methods is neither
  // counted nor logged, and never fails.
  FakeFiles& disk() { return files_; }

  FakePackages& apt() { return packages_; }

  FakeUnits& systemd() { return units_; }

  FakeAccounts& passwd() { return accounts_; }

  FakeKernel& sysctls() { return kernel_; }

  FakePrograms& programs() { return programs_; }

  FakeBlobs& blob_store() { return blobs_; }

  FakeCalls& calls() const { return calls_; }

  FakeClock& clock() { return clock_; }

  // Power off and on: what was not synced is gone, faults are cleared, enabled units run, live
  // kernel settings are those of the files.
  void Reboot();

  // sys::HostReader
  const sys::FileReader& files() const override { return files_; }

  const sys::PackageReader& packages() const override { return packages_; }

  const sys::UnitReader& units() const override { return units_; }

  const sys::AccountReader& accounts() const override { return accounts_; }

  const sys::KernelReader& kernel() const override { return kernel_; }

  const sys::Prober& prober() const override { return programs_; }

  const sys::BlobReader& blobs() const override { return blobs_; }

  void ForgetSnapshots() const override {}

  // sys::Host
  sys::FileWriter& write_files() override { return files_; }

  sys::PackageWriter& write_packages() override { return packages_; }

  sys::UnitWriter& write_units() override { return units_; }

  sys::AccountWriter& write_accounts() override { return accounts_; }

  sys::KernelWriter& write_kernel() override { return kernel_; }

  sys::CommandRunner& commands() override { return programs_; }

 private:
  mutable FakeCalls calls_;
  FakeClock clock_;
  FakeFiles files_;
  FakeAccounts accounts_;
  FakeUnits units_;
  FakePackages packages_;
  FakeKernel kernel_;
  FakePrograms programs_;
  FakeBlobs blobs_;
};

}  // namespace fettle::testing
