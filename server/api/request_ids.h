// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

namespace grpc::experimental {
class ServerInterceptorFactoryInterface;
}

namespace fettle::server {

// Gives each call of people an id: the caller's own if it says a well-formed one in x-request-id,
// a new one otherwise. It stands in the log lines that the call causes, in the answer's metadata,
// and in the message of an error whose cause is in the log. Calls of agents' sessions, which last,
// have none. For services that answer on the thread that calls them.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> RequestIds();

}  // namespace fettle::server
