// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

#include "server/http/message.h"

// Errors as the Connect protocol writes them (connectrpc.com/docs/protocol). Pure.
namespace fettle::server::http {

// The HTTP status that Connect gives a code.
int HttpStatus(absl::StatusCode code);

// {"code":"not_found","message":"…"}
std::string ErrorJson(const absl::Status& status);

// Both, as an answer.
Response ErrorResponse(const absl::Status& status);

}  // namespace fettle::server::http
