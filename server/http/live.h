// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/api/context.h"
#include "server/http/message.h"

namespace fettle::server::http {

// GET /events: tells a browser that something changed, as server-sent events, while its session is
// good. What changed within a tenth of a second is said together. Safe from any thread.
class Live {
 public:
  explicit Live(const Context& context) : context_(context) {}

  Response Handle(const Request& request) const;

 private:
  const Context context_;
};

// "event: changed\ndata: {…}\n\n" for one change. Pure.
std::string EventText(const Change& change);

}  // namespace fettle::server::http
