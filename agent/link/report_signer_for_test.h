// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "agent/link/port.h"

namespace fettle::link {

// Of a host web1, with a new key.
inline ReportSigner NewReportSigner() {
  pki::SigningKey key = *pki::SigningKey::Generate();
  std::string public_key = *key.RawPublic();
  return {"web1", std::move(key), std::move(public_key)};
}

}  // namespace fettle::link
