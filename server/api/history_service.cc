// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <utility>

#include "fettle/v1/history.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "lib/filter/filter.h"
#include "lib/wire/report_wire.h"
#include "server/api/access.h"
#include "server/api/grpc_status.h"
#include "server/api/history_fields.h"
#include "server/api/services.h"
#include "server/fleet/host_fields.h"
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
      ASSIGN_OR_RETURN(const Wanted wanted, Read(request->filter(), DriftLanguage()));
      const uint32_t most = MostOf(request->most());
      const absl::Time since =
          request->since_us() == 0 ? absl::InfiniteFuture() : SinceFromProto(request->since_us());
      ASSIGN_OR_RETURN(const auto entries,
                       store_.Drift(since, wanted.filter.all() ? most : kLookedThrough));
      for (const DriftEntry& entry : entries) {
        if (response->records_size() < static_cast<int>(most) &&
            wanted.filter.Matches(DriftFields(entry, wanted.Host(entry.host)))) {
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
      ASSIGN_OR_RETURN(const Wanted wanted, Read(request->filter(), RunLanguage()));
      const uint32_t most = MostOf(request->most());
      ASSIGN_OR_RETURN(const auto runs,
                       store_.Runs(wanted.filter.only(),
                                   SinceFromProto(request->since_us()),
                                   wanted.filter.all() ? most : kLookedThrough));
      for (const resource::RunReport& run : runs) {
        if (response->runs_size() < static_cast<int>(most) &&
            wanted.filter.Matches(RunFields(run, wanted.Host(run.host)))) {
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
  // A filter, and the hosts that it may ask about.
  struct Wanted {
    filter::Filter filter;
    std::vector<HostView> views;
    std::map<std::string, std::unique_ptr<const HostFields>> hosts;

    const filter::Fields* Host(const std::string& name) const {
      const auto found = hosts.find(name);
      return found == hosts.end() ? nullptr : found->second.get();
    }
  };

  absl::StatusOr<Wanted> Read(const std::string& text, const filter::Language& language) {
    const absl::Time now = context_.clock.Now();
    Wanted wanted;
    ASSIGN_OR_RETURN(wanted.filter, filter::Filter::Parse(text, language, now));
    if (wanted.filter.all()) {
      return wanted;
    }
    ASSIGN_OR_RETURN(wanted.views, FindHosts(context_.store, "", now, context_.config.heartbeat));
    for (const HostView& view : wanted.views) {
      const std::string& name = view.record.name;
      wanted.hosts.emplace(name, std::make_unique<const HostFields>(view, [this, name] {
                             return store_.FactsOf(name).value_or("");
                           }));
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
