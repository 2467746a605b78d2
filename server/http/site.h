// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "server/api/context.h"
#include "server/http/connect.h"
#include "server/http/live.h"
#include "server/http/login.h"
#include "server/http/message.h"
#include "server/http/metrics.h"
#include "server/http/static_files.h"

namespace fettle::server::http {

// All that is served over HTTPS: which path is whose, and the headers that every answer has. Safe
// from any thread.
class Site {
 public:
  Site(const Context& context, std::shared_ptr<grpc::Channel> channel);

  Response Handle(const Request& request);

 private:
  Response Route(const Request& request);
  Response Ready() const;

  const Context context_;
  const ConnectApi api_;
  Login login_;
  const Live live_;
  const Metrics metrics_;
  const StaticFiles files_;
};

}  // namespace fettle::server::http
