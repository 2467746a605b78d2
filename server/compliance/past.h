// SPDX-License-Identifier: Apache-2.0
// Inside server/compliance only: what an assessment of a moment that passed needs besides.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "server/compliance/assessor.h"

namespace fettle::server {

bool IsPast(const AssessmentScope& scope);

// The id of "r42". kNotFound when it is not there.
absl::StatusOr<Digest> RevisionByName(PolicyStore& policy, const std::string& name);

// Makes the presence of hosts what is known of `at`: silent if nothing was heard of them from then
// on until now, connected otherwise.
void NotePresence(absl::Time at, absl::Duration heartbeat, std::vector<HostView>* hosts);

// What is not known of `at` of these hosts, as FindHosts() gives them of then; what ended before
// `kept` may be forgotten.
std::vector<std::string> CaveatsOf(const std::vector<HostView>& hosts,
                                   absl::Time at,
                                   absl::Time kept);

}  // namespace fettle::server
