// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "fettle/v1/history.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"
#include "server/api/access.h"
#include "server/api/grpc_status.h"
#include "server/api/services.h"
#include "server/fleet/host_view.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr uint32_t kUsual = 200;
constexpr uint32_t kMost = 10'000;
constexpr uint32_t kLookedThrough = 100'000;  // When only some hosts are wanted.

uint32_t MostOf(uint32_t asked) {
  return std::min(asked == 0 ? kUsual : asked, kMost);
}

class HistoryService final : public v1::History::Service {
 public:
  explicit HistoryService(const Context& context)
      : context_(context), store_(context.store.reports()) {}

  grpc::Status Drift(grpc::ServerContext* call,
                     const v1::DriftRequest* request,
                     v1::DriftResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireViewer(context_, *call, "Drift").status());
      ASSIGN_OR_RETURN(const Wanted wanted, Find(request->filter()));
      const uint32_t most = MostOf(request->most());
      const absl::Time since =
          request->since_us() == 0 ? absl::InfiniteFuture() : SinceFromProto(request->since_us());
      ASSIGN_OR_RETURN(const auto entries, store_.Drift(since, wanted.all ? most : kLookedThrough));
      for (const DriftEntry& entry : entries) {
        if (wanted.Has(entry.host) && static_cast<uint32_t>(response->records_size()) < most) {
          *response->add_records() = ToProto(entry);
        }
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status Runs(grpc::ServerContext* call,
                    const v1::RunsRequest* request,
                    v1::RunsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireViewer(context_, *call, "Runs").status());
      ASSIGN_OR_RETURN(const Wanted wanted, Find(request->filter()));
      const uint32_t most = MostOf(request->most());
      const std::string one = wanted.hosts.size() == 1 && !wanted.all ? *wanted.hosts.begin() : "";
      ASSIGN_OR_RETURN(const auto runs,
                       store_.Runs(one,
                                   SinceFromProto(request->since_us()),
                                   wanted.all || !one.empty() ? most : kLookedThrough));
      for (const resource::RunReport& run : runs) {
        if (wanted.Has(run.host) && static_cast<uint32_t>(response->runs_size()) < most) {
          *response->add_runs() = wire::ToProto(run);
        }
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status HostHistory(grpc::ServerContext* call,
                           const v1::HostHistoryRequest* request,
                           v1::HostHistoryResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireViewer(context_, *call, "HostHistory").status());
      RETURN_IF_ERROR(context_.store.fleet().GetHost(request->host()).status());
      ASSIGN_OR_RETURN(const auto spans,
                       store_.HistoryOf(request->host(),
                                        request->resource(),
                                        SinceFromProto(request->since_us()),
                                        MostOf(request->most())));
      for (const SpanRecord& span : spans) {
        *response->add_spans() = ToProto(span);
      }
      return absl::OkStatus();
    }());
  }

 private:
  struct Wanted {
    bool all = false;
    std::set<std::string> hosts;

    bool Has(const std::string& host) const { return all || hosts.contains(host); }
  };

  absl::StatusOr<Wanted> Find(const std::string& filter) {
    Wanted wanted;
    wanted.all = filter.find_first_not_of(" \t") == std::string::npos;
    if (wanted.all) {
      return wanted;
    }
    ASSIGN_OR_RETURN(
        const auto hosts,
        FindHosts(context_.store, filter, context_.clock.Now(), context_.config.heartbeat));
    for (const HostView& host : hosts) {
      wanted.hosts.insert(host.record.name);
    }
    return wanted;
  }

  const Context context_;
  ReportStore& store_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeHistoryService(const Context& context) {
  return std::make_unique<HistoryService>(context);
}

}  // namespace fettle::server
