// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "fettle/v1/history.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "lib/filter/filter.h"
#include "lib/wire/report_wire.h"
#include "server/api/access.h"
#include "server/api/drift_counts.h"
#include "server/api/grpc_status.h"
#include "server/api/history_fields.h"
#include "server/api/list_limits.h"
#include "server/api/package_lists.h"
#include "server/api/scope.h"
#include "server/api/services.h"
#include "server/fleet/host_fields.h"
#include "server/fleet/host_view.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr uint32_t kLookedThrough = 100'000;  // When only some hosts are wanted.
constexpr uint32_t kCounted = 1'000'000;      // Of which nothing but the times is read.

int MostOf(uint32_t asked) {
  return static_cast<int>(MostListed(asked));
}

// The store answered as much as it was asked for: older ones may be there that nobody looked at.
template <typename Response>
void CutIfFull(std::size_t found, const Window& window, Response* response) {
  if (found >= window.most) {
    response->set_cut(true);
  }
}

// Empty: any content.
absl::StatusOr<Digest> ContentOf(const v1::HostHistoryRequest& request) {
  ASSIGN_OR_RETURN(const Digest content, wire::DigestFromProto(request.content()));
  if (content.empty() && !request.content().empty()) {
    return InvalidArgument("no content has a SHA-256 of zeros");
  }
  return content;
}

// Whether a report tells of a file with this content: found, wanted, or last set. Short texts are
// reported in full, others by their digest.
bool TellsOf(const resource::ResourceReport& report, const Digest& content) {
  const std::string digest = "sha256:" + content.Hex();
  const auto is = [&](const std::string& side) {
    return side.starts_with(digest) || (!side.empty() && Sha256(side) == content);
  };
  return std::any_of(report.differences.begin(),
                     report.differences.end(),
                     [&](const resource::DifferenceRecord& one) {
                       return one.attribute == "content" &&
                              (is(one.current) || is(one.desired) || is(one.last_set));
                     });
}

class HistoryService final : public v1::History::Service {
 public:
  explicit HistoryService(const Context& context)
      : context_(context), store_(context.store.history()) {}

  grpc::Status Drift(grpc::ServerContext* call,
                     const v1::DriftRequest* request,
                     v1::DriftResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "Drift", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      return ListDrift(*request, scope, response);
    }());
  }

  grpc::Status DriftCounts(grpc::ServerContext* call,
                           const v1::DriftCountsRequest* request,
                           v1::DriftCountsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer,
                       RequireViewer(context_, *call, "DriftCounts", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      return CountDrift(*request, scope, response);
    }());
  }

  grpc::Status Runs(grpc::ServerContext* call,
                    const v1::RunsRequest* request,
                    v1::RunsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "Runs", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      return ListRuns(*request, scope, response);
    }());
  }

  grpc::Status HostHistory(grpc::ServerContext* call,
                           const v1::HostHistoryRequest* request,
                           v1::HostHistoryResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer,
                       RequireViewer(context_, *call, "HostHistory", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      return request->host().empty() ? ListChanges(*request, scope, response)
                                     : ListSpans(*request, scope, response);
    }());
  }

  grpc::Status Packages(grpc::ServerContext* call,
                        const v1::PackagesRequest* request,
                        v1::PackagesResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "Packages", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      return ListPackages(context_, scope, *request, response);
    }());
  }

  grpc::Status PackageChanges(grpc::ServerContext* call,
                              const v1::PackageChangesRequest* request,
                              v1::PackageChangesResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer,
                       RequireViewer(context_, *call, "PackageChanges", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      return ListPackageChanges(context_, scope, *request, response);
    }());
  }

 private:
  absl::Status ListDrift(const v1::DriftRequest& request,
                         const Scope& scope,
                         v1::DriftResponse* response) {
    ASSIGN_OR_RETURN(const Wanted wanted, Read(request.filter(), DriftLanguage(), scope));
    const bool then = request.at_us() != 0;
    if (then && (request.since_us() != 0 || request.until_us() != 0)) {
      return InvalidArgument("drift is asked for at a moment or over a time, not both");
    }
    const int most = MostOf(request.most());
    Window window;
    window.until = UntilFromProto(then ? request.at_us() : request.until_us());
    window.since = UntilFromProto(then ? request.at_us() : request.since_us());
    if (!then && request.since_us() == 0 && request.until_us() != 0) {
      window.since = absl::InfinitePast();
    }
    window.most = wanted.filter.all() && scope.all() && !then ? static_cast<uint32_t>(most) + 1
                                                              : kLookedThrough;
    ASSIGN_OR_RETURN(
        const absl::Time whole_since,
        store_.VisitDrift(window, HostsOf(wanted, scope), [&](const DriftEntry& entry) {
          if ((then && entry.ended <= window.until) ||
              !wanted.filter.Matches(DriftFields(entry, wanted.Host(entry.host)))) {
            return true;
          }
          if (response->records_size() == most) {
            response->set_cut(true);
            return false;
          }
          *response->add_records() = ToProto(entry);
          return true;
        }));
    response->set_cut(response->cut() || whole_since != absl::InfinitePast());
    return absl::OkStatus();
  }

  absl::Status CountDrift(const v1::DriftCountsRequest& request,
                          const Scope& scope,
                          v1::DriftCountsResponse* response) {
    ASSIGN_OR_RETURN(const Wanted wanted, Read(request.filter(), DriftLanguage(), scope));
    std::vector<absl::Time> moments;
    for (const int64_t at : request.at_us()) {
      moments.push_back(absl::FromUnixMicros(at));
    }
    ASSIGN_OR_RETURN(server::DriftCounts counts, server::DriftCounts::Between(std::move(moments)));
    Window window{counts.moments().front(), counts.moments().back(), kLookedThrough};
    absl::Time whole_since = absl::InfinitePast();
    if (wanted.filter.all()) {
      window.most = kCounted;
      ASSIGN_OR_RETURN(const auto times, store_.DriftTimes(window));
      for (const DriftTime& one : times) {
        if (scope.Shows(one.host)) {
          counts.Add(one.seen, one.ended);
        }
      }
      whole_since = times.size() >= window.most ? times.back().seen : whole_since;
    } else {
      ASSIGN_OR_RETURN(
          whole_since,
          store_.VisitDrift(window, HostsOf(wanted, scope), [&](const DriftEntry& entry) {
            if (wanted.filter.Matches(DriftFields(entry, wanted.Host(entry.host)))) {
              counts.Add(entry.seen, entry.ended);
            }
            return true;
          }));
    }
    if (whole_since != absl::InfinitePast()) {
      response->set_whole_since_us(absl::ToUnixMicros(whole_since));
    }
    for (std::size_t i = 0; i < counts.counts().size(); ++i) {
      v1::DriftCount& out = *response->add_counts();
      out.set_from_us(absl::ToUnixMicros(counts.moments()[i]));
      out.set_opened(counts.counts()[i].opened);
      out.set_closed(counts.counts()[i].closed);
      out.set_open(counts.counts()[i].open);
    }
    return absl::OkStatus();
  }

  absl::Status ListRuns(const v1::RunsRequest& request,
                        const Scope& scope,
                        v1::RunsResponse* response) {
    ASSIGN_OR_RETURN(const Wanted wanted, Read(request.filter(), RunLanguage(), scope));
    const int most = MostOf(request.most());
    Window window = WindowOf(request.since_us(), request.until_us());
    window.most =
        wanted.filter.all() && scope.all() ? static_cast<uint32_t>(most) + 1 : kLookedThrough;
    ASSIGN_OR_RETURN(const auto runs, store_.Runs(wanted.filter.only(), window));
    for (const resource::RunReport& run : runs) {
      if (!scope.Shows(run.host) || !wanted.filter.Matches(RunFields(run, wanted.Host(run.host)))) {
        continue;
      }
      if (response->runs_size() == most) {
        response->set_cut(true);
        break;
      }
      *response->add_runs() = wire::ToProto(run);
    }
    CutIfFull(runs.size(), window, response);
    return absl::OkStatus();
  }

  absl::Status ListSpans(const v1::HostHistoryRequest& request,
                         const Scope& scope,
                         v1::HostHistoryResponse* response) {
    if (!request.filter().empty()) {
      return InvalidArgument("history is asked of one host or of those of a filter, not of both");
    }
    RETURN_IF_ERROR(scope.Check(request.host()));
    RETURN_IF_ERROR(context_.store.fleet().GetHost(request.host()).status());
    ASSIGN_OR_RETURN(const Digest content, ContentOf(request));
    const int most = MostOf(request.most());
    Window window = WindowOf(request.since_us(), request.until_us());
    window.most = content.empty() ? static_cast<uint32_t>(most) + 1 : kLookedThrough;
    ASSIGN_OR_RETURN(const auto spans, store_.Spans(request.host(), request.resource(), window));
    for (const SpanRecord& span : spans) {
      if (!content.empty() && !TellsOf(span.state.report, content)) {
        continue;
      }
      if (response->spans_size() == most) {
        response->set_cut(true);
        break;
      }
      *response->add_spans() = ToProto(span);
      response->mutable_spans()->rbegin()->set_host(request.host());
    }
    CutIfFull(spans.size(), window, response);
    return absl::OkStatus();
  }

  absl::Status ListChanges(const v1::HostHistoryRequest& request,
                           const Scope& scope,
                           v1::HostHistoryResponse* response) {
    ASSIGN_OR_RETURN(const Wanted wanted, Read(request.filter(), HostLanguage(), scope));
    ASSIGN_OR_RETURN(const Digest content, ContentOf(request));
    const int most = MostOf(request.most());
    Window window = WindowOf(request.since_us(), request.until_us());
    window.most = kLookedThrough;
    ASSIGN_OR_RETURN(const auto changes, store_.Changes(window));
    std::map<std::string, bool> fits;
    for (const HostSpan& change : changes) {
      const auto [found, fresh] = fits.try_emplace(change.host, wanted.filter.all());
      const filter::Fields* host = wanted.Host(change.host);
      if (fresh && host != nullptr) {
        found->second = wanted.filter.Matches(*host);
      }
      const std::string& id = change.span.state.report.id;
      if (!found->second || !scope.Shows(change.host) ||
          (!request.resource().empty() && id != request.resource()) ||
          (!content.empty() && !TellsOf(change.span.state.report, content))) {
        continue;
      }
      if (response->spans_size() == most) {
        response->set_cut(true);
        break;
      }
      *response->add_spans() = ToProto(change.span);
      response->mutable_spans()->rbegin()->set_host(change.host);
    }
    CutIfFull(changes.size(), window, response);
    return absl::OkStatus();
  }

  static Window WindowOf(int64_t since_us, int64_t until_us) {
    return {SinceFromProto(since_us), UntilFromProto(until_us), 0};
  }

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

  // The hosts that the scope shows and the filter does not leave out by their names.
  static std::function<bool(const std::string&)> HostsOf(const Wanted& wanted, const Scope& scope) {
    return [&wanted, &scope](const std::string& host) {
      const std::string& only = wanted.filter.only();
      return scope.Shows(host) && (only.empty() || only == host);
    };
  }

  // kNotFound: it asks for a host by its name, and there is none.
  absl::StatusOr<Wanted> Read(const std::string& text,
                              const filter::Language& language,
                              const Scope& scope) {
    const absl::Time now = context_.clock.Now();
    Wanted wanted;
    ASSIGN_OR_RETURN(wanted.filter, filter::Filter::Parse(text, language, now));
    if (wanted.filter.all()) {
      return wanted;
    }
    if (const std::string& only = wanted.filter.only(); !only.empty()) {
      RETURN_IF_ERROR(scope.Check(only));
      RETURN_IF_ERROR(context_.store.fleet().GetHost(only).status());
    }
    ASSIGN_OR_RETURN(wanted.views, FindHosts(context_.store, "", now, context_.config.heartbeat));
    for (const HostView& view : wanted.views) {
      const std::string& name = view.record.name;
      wanted.hosts.emplace(name, std::make_unique<const HostFields>(view, [this, name] {
                             return store_.FactsAt(name, absl::InfiniteFuture()).value_or("");
                           }));
    }
    return wanted;
  }

  const Context context_;
  HistoryStore& store_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeHistoryService(const Context& context) {
  return std::make_unique<HistoryService>(context);
}

}  // namespace fettle::server
