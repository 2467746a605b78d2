// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "lib/filter/value.h"
#include "lib/resource/report.h"
#include "server/store/types.h"

// Drift and runs as filters see them: fields of their own, then all those of their host.
namespace fettle::server {

const filter::Language& DriftLanguage();
const filter::Language& RunLanguage();

// Keeps references; `host` is null for a host that is not known.
class DriftFields : public filter::Fields {
 public:
  DriftFields(const DriftEntry& entry, const filter::Fields* host) : entry_(entry), host_(host) {}

  std::vector<filter::Value> Find(std::string_view name) const override;

 private:
  const DriftEntry& entry_;
  const filter::Fields* const host_;
};

class RunFields : public filter::Fields {
 public:
  RunFields(const resource::RunReport& run, const filter::Fields* host) : run_(run), host_(host) {}

  std::vector<filter::Value> Find(std::string_view name) const override;

 private:
  const resource::RunReport& run_;
  const filter::Fields* const host_;
};

}  // namespace fettle::server
