// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "server/api/context.h"

namespace grpc {
class Service;
}

// The services of proto/fettle/v1, each in a file of its own. `context` is copied; what it refers
// to must outlive the service.
namespace fettle::server {

std::unique_ptr<grpc::Service> MakeAgentGateway(const Context& context);
std::unique_ptr<grpc::Service> MakeEnrollmentService(const Context& context);
std::unique_ptr<grpc::Service> MakePolicyService(const Context& context);
std::unique_ptr<grpc::Service> MakeFleetService(const Context& context);
std::unique_ptr<grpc::Service> MakeHistoryService(const Context& context);
std::unique_ptr<grpc::Service> MakeComplianceService(const Context& context);
std::unique_ptr<grpc::Service> MakeConsoleService(const Context& context);
std::unique_ptr<grpc::Service> MakeEvidenceService(const Context& context);

}  // namespace fettle::server
