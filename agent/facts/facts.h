// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/facts/upgrade_facts.h"
#include "lib/resource/value.h"
#include "lib/sys/host.h"

namespace fettle::facts {

// What the host says of itself, by name:
//   hostname, fqdn, machine_id, arch ("x86_64"), virtual ("physical", "kvm", "docker" …)
//   os       {id, version, codename, pretty, family}
//   kernel   {release, version}
//   cpu      {count, model}
//   memory   {total_mb}
//   network  {address, addresses, interfaces = {eth0 = {mac, addresses}}}
//   reboot   {needed, because, kernel}: whether a boot is wanted and why; kernel is "told", or "not
//            told" where nothing can be said of kernels (a container)
//   restart_needed {units}: those that run programs or libraries which were replaced since
// Equal hosts give equal facts: what changes by itself (uptime, free memory, short-lived interfaces
// and addresses) is no fact. The tables are always there; a single fact that the host does not tell
// is not. `stale`, kept from call to call, spares the look at every process; null: there is no
// restart_needed.
resource::Value::Map CollectFacts(const sys::HostReader& host, StaleServices* stale = nullptr);

}  // namespace fettle::facts
