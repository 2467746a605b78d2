// SPDX-License-Identifier: Apache-2.0
#include "agent/facts/facts.h"

#include <sys/utsname.h>

#include "agent/facts/fact_sources.h"
#include "lib/base/text.h"

namespace fettle::facts {
namespace {

using resource::Value;

constexpr uint64_t kLargestFile = 1 << 20;

// The name with a domain that /etc/hosts gives for `hostname`; `hostname` itself when it has none.
std::string FullName(const sys::FileReader& files, const std::string& hostname) {
  if (hostname.find('.') != std::string::npos) {
    return hostname;
  }
  const std::string hosts = ReadTrimmed(files, "/etc/hosts");
  for (const std::string_view line : SplitLines(hosts)) {
    for (const std::string_view word : SplitWords(line.substr(0, line.find('#')))) {
      if (word.starts_with(hostname + ".")) {
        return std::string(word);
      }
    }
  }
  return hostname;
}

std::string Architecture(const sys::FileReader& files) {
  std::string told = ReadTrimmed(files, "/proc/sys/kernel/arch");
  if (!told.empty()) {
    return told;
  }

  struct utsname names {};

  return ::uname(&names) == 0 ? names.machine : "";
}

Value::Map KernelFacts(const sys::FileReader& files) {
  Value::Map facts;
  SetText("release", ReadTrimmed(files, "/proc/sys/kernel/osrelease"), &facts);
  SetText("version", ReadTrimmed(files, "/proc/sys/kernel/version"), &facts);
  return facts;
}

}  // namespace

std::string ReadTrimmed(const sys::FileReader& files, const std::string& path) {
  const absl::StatusOr<std::string> content = files.Read(path, kLargestFile);
  return content.ok() ? std::string(Trim(*content)) : "";
}

void SetText(std::string_view name, std::string_view value, Value::Map* facts) {
  if (!value.empty()) {
    facts->insert_or_assign(std::string(name), Value(value));
  }
}

Value::Map CollectFacts(const sys::HostReader& host, StaleServices* stale) {
  const sys::FileReader& files = host.files();
  const std::string hostname = ReadTrimmed(files, "/proc/sys/kernel/hostname");
  Value::Map facts;
  SetText("hostname", hostname.substr(0, hostname.find('.')), &facts);
  SetText("fqdn", FullName(files, hostname), &facts);
  SetText("machine_id", ReadTrimmed(files, "/etc/machine-id"), &facts);
  SetText("arch", Architecture(files), &facts);
  SetText("virtual", VirtualKind(files), &facts);
  facts.emplace("os", OsFacts(files));
  facts.emplace("kernel", KernelFacts(files));
  facts.emplace("cpu", CpuFacts(files));
  facts.emplace("memory", MemoryFacts(files));
  facts.emplace("network", NetworkFacts(files));
  facts.emplace("reboot", RebootFacts(files));
  if (stale != nullptr) {
    facts.emplace("restart_needed", RestartFacts(files, stale));
  }
  return facts;
}

}  // namespace fettle::facts
