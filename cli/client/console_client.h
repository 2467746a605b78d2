// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "absl/status/statusor.h"

#include "cli/client/connection.h"

namespace fettle::v1 {
class OfferLoginRequest;
class OfferLoginResponse;
}  // namespace fettle::v1

namespace fettle::cli {

// The service Console (console.proto says what each call does). Errors are as Connection::Explain()
// gives them.
class ConsoleClient {
 public:
  explicit ConsoleClient(Connection connection) : connection_(std::move(connection)) {}

  absl::StatusOr<v1::OfferLoginResponse> OfferLogin(const v1::OfferLoginRequest& request) const;

 private:
  Connection connection_;
};

}  // namespace fettle::cli
