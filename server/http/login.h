// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/api/context.h"
#include "server/http/failure_limit.h"
#include "server/http/message.h"

namespace fettle::server::http {

// /session: POST logs in with a one-time token, GET says who one is, DELETE logs out. Safe from any
// thread.
class Login {
 public:
  explicit Login(const Context& context) : context_(context), limit_(context.clock) {}

  Response Handle(const Request& request);

 private:
  Response Open(const Request& request);
  Response Show(const Request& request) const;
  Response Close(const Request& request);
  Response Fail(const Request& request, const absl::Status& why);

  const Context context_;
  FailureLimit limit_;
};

}  // namespace fettle::server::http
