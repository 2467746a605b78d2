// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/agreement.h"

namespace fettle::server {
namespace {

constexpr absl::Duration kResyncEvery = absl::Minutes(1);

bool StatesAgree(const Agreement::View& host, const Agreement::View& store) {
  if (host.states.empty()) {
    return true;
  }
  return host.states == store.states && (host.catalog.empty() || host.catalog == store.catalog);
}

}  // namespace

void Agreement::ReportsCame() {
  ++reports_;
  agreed_.reset();
}

std::optional<Agreement::Question> Agreement::Heard(const View& host,
                                                    uint64_t unacknowledged) const {
  if (agreed_ == host) {
    return std::nullopt;
  }
  return Question{host, unacknowledged, reports_};
}

Agreement::Wish Agreement::Compared(const Question& question,
                                    const View& store,
                                    absl::Duration now) {
  const bool current = question.reports == reports_;
  const Digest& packages = question.host.packages;
  const Wish wish{!StatesAgree(question.host, store),
                  !packages.empty() && packages != store.packages};
  if (wish == Wish()) {
    if (current) {
      agreed_ = question.host;
    }
    return {};
  }
  if (!current || question.unacknowledged != 0 || now - last_resync_ < kResyncEvery) {
    return {};
  }
  last_resync_ = now;
  return wish;
}

}  // namespace fettle::server
