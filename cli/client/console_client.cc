// SPDX-License-Identifier: Apache-2.0
#include "cli/client/console_client.h"

#include "cli/client/call.h"
#include "fettle/v1/console.grpc.pb.h"

namespace fettle::cli {

absl::StatusOr<v1::OfferLoginResponse> ConsoleClient::OfferLogin(
    const v1::OfferLoginRequest& request) const {
  v1::Console::Stub stub(connection_.channel());
  return Call(connection_, stub, &v1::Console::Stub::OfferLogin, request);
}

}  // namespace fettle::cli
