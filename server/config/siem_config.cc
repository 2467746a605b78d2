// SPDX-License-Identifier: Apache-2.0
#include "server/config/siem_config.h"

#include "server/config/setters.h"

namespace fettle::server {
namespace {

constexpr uint64_t kMebi = 1 << 20;
constexpr int64_t kMostMebi = 1 << 20;

std::string SetFormat(const toml::node& node, SiemOutlet* outlet) {
  const std::string name = node.value<std::string>().value_or("");
  for (const SiemFormat format : {SiemFormat::kJson, SiemFormat::kCef}) {
    if (SiemFormatName(format) == name) {
      outlet->format = format;
      return "";
    }
  }
  return R"(wants "json" or "cef")";
}

std::string SetMost(const toml::node& node, SiemOutlet* outlet) {
  const auto mebi = node.value<int64_t>();
  if (!node.is_integer() || *mebi < 0 || *mebi > kMostMebi) {
    return fmt::format("wants a number of MiB up to {}, without quotes; 0 is without end",
                       kMostMebi);
  }
  outlet->most_bytes = static_cast<uint64_t>(*mebi) * kMebi;
  return "";
}

const SettersOf<SiemOutlet>& OutletSetters() {
  static const SettersOf<SiemOutlet> setters = {
      {"name", NameSetter<SiemOutlet>()},
      {"format", SetFormat},
      {"kinds",
       WordsSetter(&SiemOutlet::kinds, "kind", {std::begin(kSiemKinds), std::end(kSiemKinds)})},
      {"file", FileSetter(&SiemOutlet::file)},
      {"most_mib", SetMost},
      {"address", TextSetter(&SiemOutlet::address)},
      {"ca_file", FileSetter(&SiemOutlet::ca_file)},
      {"certificate_file", FileSetter(&SiemOutlet::certificate_file)},
      {"key_file", FileSetter(&SiemOutlet::key_file)},
      {"timeout", SpanSetter(&SiemOutlet::timeout, absl::Seconds(1), absl::Minutes(5))},
      {"most_wait", SpanSetter(&SiemOutlet::most_wait, absl::Seconds(1), absl::Hours(24))},
  };
  return setters;
}

std::string Finish(const toml::table& table, SiemOutlet* outlet) {
  if (outlet->file.empty() == outlet->address.empty()) {
    return "wants either file or address";
  }
  if (!outlet->file.empty()) {
    for (const char* const name : {"ca_file", "certificate_file", "key_file"}) {
      if (table.contains(name)) {
        return fmt::format("has {}, which is of address alone", name);
      }
    }
    return "";
  }
  if (table.contains("most_mib")) {
    return "has most_mib, which is of file alone";
  }
  if (outlet->address.find_last_of(':') == std::string::npos) {
    return "address wants host:port, like \"siem.example.org:6514\"";
  }
  if (outlet->ca_file.empty()) {
    return "wants ca_file: the certificate (PEM) of the authority that vouches for the receiver";
  }
  return outlet->certificate_file.empty() == outlet->key_file.empty()
             ? ""
             : "wants both certificate_file and key_file, or neither";
}

}  // namespace

std::string_view SiemFormatName(SiemFormat format) {
  return format == SiemFormat::kCef ? "cef" : "json";
}

std::vector<std::string_view> SiemSettings() {
  return NamesOf(OutletSetters());
}

std::vector<SiemOutlet> ReadSiemOutlets(const toml::node& node,
                                        std::string_view origin,
                                        std::vector<std::string>* problems) {
  return ReadTables<SiemOutlet>({"siem", OutletSetters(), Finish}, node, origin, problems);
}

}  // namespace fettle::server
