// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "fettle/v1/agent.pb.h"
#include "server/store/types.h"

namespace fettle::server {

// The records of a batch of `host`, which the certificate names; a run that claims another host is
// this one's all the same. What cannot be read becomes an Unreadable that says why. Records without
// a number are left out.
std::vector<Ingest> RecordsOf(const std::string& host, const v1::ReportList& reports);

}  // namespace fettle::server
