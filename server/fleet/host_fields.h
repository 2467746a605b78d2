// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lib/filter/value.h"
#include "server/fleet/host_view.h"

namespace fettle::server {

// The words of a filter of hosts (lib/filter/filter.h): the fields of a host, labels.NAME, the
// facts by their own names (os.id), and facts.NAME for those that a site added.
const filter::Language& HostLanguage();

// A host as filters see it. Keeps a reference to the host; used by one thread.
class HostFields : public filter::Fields {
 public:
  // `facts` answers the host's facts as JSON; it is asked once, when a filter comes to a fact.
  HostFields(const HostView& host, std::function<std::string()> facts);
  ~HostFields() override;

  std::vector<filter::Value> Find(std::string_view name) const override;

 private:
  std::vector<filter::Value> FindFact(std::string_view name) const;

  const HostView& host_;
  std::function<std::string()> load_facts_;
  mutable std::unique_ptr<const nlohmann::json> facts_;
};

}  // namespace fettle::server
