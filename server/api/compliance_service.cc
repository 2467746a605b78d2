// SPDX-License-Identifier: Apache-2.0
#include "fettle/v1/compliance.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "server/api/access.h"
#include "server/api/grpc_status.h"
#include "server/api/scope.h"
#include "server/api/services.h"
#include "server/compliance/assessor.h"
#include "server/reports/assessment_to_proto.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr int kMostMoments = 100;

v1::TrendResponse ToProto(const Trend& trend) {
  v1::TrendResponse response;
  for (const Trend::Point& point : trend.points) {
    v1::TrendPoint& one = *response.add_points();
    one.set_at_us(absl::ToUnixMicros(point.at));
    *one.mutable_counts() = server::ToProto(point.counts);
    one.set_hosts(point.hosts);
  }
  response.mutable_caveats()->Assign(trend.caveats.begin(), trend.caveats.end());
  return response;
}

// Which hosts may be told of; null for all.
std::function<bool(const std::string&)> Shown(const Scope& scope) {
  return scope.all() ? std::function<bool(const std::string&)>()
                     : [&scope](const std::string& host) { return scope.Shows(host); };
}

class ComplianceService final : public v1::Compliance::Service {
 public:
  explicit ComplianceService(const Context& context)
      : context_(context),
        assessor_(
            context.store, context.clock, context.config.heartbeat, context.config.keep_history) {}

  grpc::Status Assess(grpc::ServerContext* call,
                      const v1::AssessRequest* request,
                      v1::AssessResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "Assess", *request));
      ASSIGN_OR_RETURN(const Scope seen, Scope::Of(context_, viewer));
      ASSIGN_OR_RETURN(const Assessment assessment,
                       assessor_.Assess({request->filter(),
                                         request->framework(),
                                         request->control(),
                                         request->all(),
                                         UntilFromProto(request->at_us()),
                                         Shown(seen)}));
      *response = server::ToProto(assessment, !request->control().empty());
      return absl::OkStatus();
    }());
  }

  grpc::Status Trend(grpc::ServerContext* call,
                     const v1::TrendRequest* request,
                     v1::TrendResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "Trend", *request));
      ASSIGN_OR_RETURN(const Scope seen, Scope::Of(context_, viewer));
      if (request->at_us_size() > kMostMoments) {
        return InvalidArgument("a trend has at most {} moments; ask for less", kMostMoments);
      }
      std::vector<absl::Time> moments;
      for (const int64_t at : request->at_us()) {
        moments.push_back(absl::FromUnixMicros(at));
      }
      ASSIGN_OR_RETURN(const server::Trend trend,
                       assessor_.AssessTrend({request->filter(),
                                              request->framework(),
                                              request->control(),
                                              false,
                                              absl::InfiniteFuture(),
                                              Shown(seen)},
                                             moments));
      *response = ToProto(trend);
      return absl::OkStatus();
    }());
  }

 private:
  const Context context_;
  Assessor assessor_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeComplianceService(const Context& context) {
  return std::make_unique<ComplianceService>(context);
}

}  // namespace fettle::server
