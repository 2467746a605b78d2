// SPDX-License-Identifier: Apache-2.0
#include "agent/facts/fact_sources.h"
#include "lib/base/text.h"

namespace fettle::facts {
namespace {

// The value of the first "key : value" line; "" if there is none.
std::string FindField(std::string_view text, std::string_view key) {
  for (const std::string_view line : SplitLines(text)) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && Trim(line.substr(0, colon)) == key) {
      return std::string(Trim(line.substr(colon + 1)));
    }
  }
  return "";
}

// How many numbers a list like "0-3,5" names; 0 if it is none.
int64_t CountInList(std::string_view list) {
  int64_t count = 0;
  for (const std::string_view range : Split(Trim(list), ',')) {
    const std::size_t dash = range.find('-');
    int64_t first = 0;
    int64_t last = 0;
    if (!ParseInt(range.substr(0, dash), &first)) {
      return 0;
    }
    last = first;
    if (dash != std::string_view::npos && !ParseInt(range.substr(dash + 1), &last)) {
      return 0;
    }
    count += last - first + 1;
  }
  return count;
}

bool Exists(const sys::FileReader& files, const std::string& path) {
  return files.Stat(path).ok();
}

std::string ContainerKind(const sys::FileReader& files) {
  std::string told = ReadTrimmed(files, "/run/systemd/container");
  if (!told.empty()) {
    return told;
  }
  if (Exists(files, "/.dockerenv")) {
    return "docker";
  }
  return Exists(files, "/run/.containerenv") ? "podman" : "";
}

// By what the firmware says of the machine's maker.
std::string_view MachineKind(std::string_view maker) {
  static constexpr std::pair<std::string_view, std::string_view> kMakers[] = {
      {"QEMU", "kvm"},
      {"KVM", "kvm"},
      {"Amazon EC2", "kvm"},
      {"Google", "kvm"},
      {"DigitalOcean", "kvm"},
      {"OpenStack", "kvm"},
      {"VMware", "vmware"},
      {"VirtualBox", "virtualbox"},
      {"innotek", "virtualbox"},
      {"Xen", "xen"},
      {"Virtual Machine", "hyperv"},
      {"Parallels", "parallels"},
      {"Bochs", "bochs"}};
  for (const auto& [word, kind] : kMakers) {
    if (maker.find(word) != std::string_view::npos) {
      return kind;
    }
  }
  return "";
}

}  // namespace

resource::Value::Map CpuFacts(const sys::FileReader& files) {
  resource::Value::Map facts;
  const int64_t count = CountInList(ReadTrimmed(files, "/sys/devices/system/cpu/online"));
  if (count > 0) {
    facts.emplace("count", count);
  }
  SetText("model", FindField(ReadTrimmed(files, "/proc/cpuinfo"), "model name"), &facts);
  return facts;
}

resource::Value::Map MemoryFacts(const sys::FileReader& files) {
  constexpr int64_t kKibInMib = 1024;
  resource::Value::Map facts;
  const std::string total = FindField(ReadTrimmed(files, "/proc/meminfo"), "MemTotal");
  int64_t kib = 0;
  if (ParseInt(total.substr(0, total.find(' ')), &kib)) {
    facts.emplace("total_mb", kib / kKibInMib);
  }
  return facts;
}

std::string VirtualKind(const sys::FileReader& files) {
  const std::string container = ContainerKind(files);
  if (!container.empty()) {
    return container;
  }
  const std::string maker = ReadTrimmed(files, "/sys/class/dmi/id/sys_vendor") + " " +
                            ReadTrimmed(files, "/sys/class/dmi/id/product_name");
  const std::string_view machine = MachineKind(maker);
  if (!machine.empty()) {
    return std::string(machine);
  }
  const std::string flags = FindField(ReadTrimmed(files, "/proc/cpuinfo"), "flags");
  const bool hypervisor = (" " + flags + " ").find(" hypervisor ") != std::string::npos;
  return hypervisor ? "vm" : "physical";
}

}  // namespace fettle::facts
