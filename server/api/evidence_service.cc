// SPDX-License-Identifier: Apache-2.0
#include "fettle/v1/evidence.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "lib/evidence/leaf.h"
#include "server/api/access.h"
#include "server/api/grpc_status.h"
#include "server/api/list_limits.h"
#include "server/api/scope.h"
#include "server/api/services.h"
#include "server/evidence/exporter.h"
#include "server/evidence/log_signer.h"

namespace fettle::server {
namespace {

constexpr uint32_t kLookedThrough = 100'000;  // When only some hosts may be told of.
constexpr std::string_view kHostPrefix = "host/";
constexpr std::size_t kPartBytes = 256U << 10;

void Describe(const evidence::ActLeaf& act, v1::LeafRecord* record) {
  record->set_who(act.who);
  record->set_act(act.act);
  record->set_detail(act.detail);
  for (const auto& [name, value] : act.data) {
    (*record->mutable_data())[name] = value;
  }
}

void Describe(const evidence::ReportsLeaf& reports, v1::LeafRecord* record) {
  record->set_who("host/" + reports.host);
  record->set_act("reports");
  record->set_detail(
      fmt::format("{} to {}, sha256 {}", reports.after + 1, reports.last, reports.digest.Hex()));
}

absl::Status ToProto(const LogLeaf& leaf, v1::LeafRecord* record) {
  auto decoded = evidence::DecodeLeaf(leaf.leaf);
  RETURN_IF_ERROR(Annotate(
      decoded.status(),
      fmt::format("leaf {} of the evidence log was changed in the database", leaf.number)));
  record->set_number(leaf.number);
  record->set_time_us(absl::ToUnixMicros(evidence::TimeOf(*decoded)));
  record->set_host(evidence::HostOf(*decoded));
  std::visit([&](const auto& one) { Describe(one, record); }, *decoded);
  return absl::OkStatus();
}

absl::Time TimeOr(int64_t microseconds, absl::Time absent) {
  return microseconds == 0 ? absent : absl::FromUnixMicros(microseconds);
}

// Whether a leaf may be shown to who may see some hosts alone: what concerns those or was done by
// them, what the viewer did, and what is of the whole fleet and names no host.
bool IsFor(const Viewer& viewer, const Scope& scope, const v1::LeafRecord& record) {
  if (!record.host().empty()) {
    return scope.Shows(record.host());
  }
  if (record.who().starts_with(kHostPrefix)) {
    return scope.Shows(record.who().substr(kHostPrefix.size()));
  }
  return record.who() == viewer.who || record.act() == "publish" || record.act() == "channel set";
}

class EvidenceService final : public v1::Evidence::Service {
 public:
  explicit EvidenceService(const Context& context)
      : context_(context), store_(context.store.evidence()) {}

  grpc::Status ListLeaves(grpc::ServerContext* call,
                          const v1::ListLeavesRequest* request,
                          v1::ListLeavesResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "ListLeaves", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      return List(*request, viewer, scope, response);
    }());
  }

  grpc::Status GetHead(grpc::ServerContext* call,
                       const v1::GetHeadRequest* request,
                       v1::GetHeadResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireViewer(context_, *call, "GetHead", *request).status());
      ASSIGN_OR_RETURN(const HeadRecord head,
                       context_.log_signer.Sign(store_, context_.clock.Now()));
      response->set_head(head.note);
      response->set_key(context_.log_signer.note_key().Text());
      return absl::OkStatus();
    }());
  }

  grpc::Status ProveConsistency(grpc::ServerContext* call,
                                const v1::ProveConsistencyRequest* request,
                                v1::ProveConsistencyResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireViewer(context_, *call, "ProveConsistency", *request).status());
      ASSIGN_OR_RETURN(const auto hashes, store_.Consistency(request->older(), request->newer()));
      for (const Digest& hash : hashes) {
        response->add_hashes(std::string(hash.Raw()));
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status Export(grpc::ServerContext* call,
                      const v1::ExportRequest* request,
                      grpc::ServerWriter<v1::ExportPart>* parts) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "Export", *request));
      if (request->host().empty()) {
        RETURN_IF_ERROR(CheckSeesAll(viewer, "a bundle of all hosts (name one: --host)"));
      } else {
        ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
        RETURN_IF_ERROR(scope.Check(request->host()));
        RETURN_IF_ERROR(context_.store.fleet().GetHost(request->host()).status());
      }
      const ExportRange range{TimeOr(request->since_us(), absl::InfinitePast()),
                              TimeOr(request->until_us(), absl::InfiniteFuture()),
                              request->host()};
      const AuditEntry act = context_.auditor.Entry(
          viewer.who,
          "evidence export",
          fmt::format("{}from {} to {}",
                      range.host.empty() ? "" : range.host + ", ",
                      request->since_us() == 0 ? "the beginning" : Rfc3339(range.since),
                      request->until_us() == 0 ? "the head" : Rfc3339(range.until)),
          range.host);
      RETURN_IF_ERROR(context_.auditor.Record(act));
      Auditor::Told(act);
      return Send(range, *parts);
    }());
  }

 private:
  absl::Status List(const v1::ListLeavesRequest& request,
                    const Viewer& viewer,
                    const Scope& scope,
                    v1::ListLeavesResponse* response) {
    const uint32_t most = MostListed(request.most());
    LogQuery query;
    query.since = TimeOr(request.since_us(), absl::InfinitePast());
    query.until = TimeOr(request.until_us(), absl::InfiniteFuture());
    query.who = request.who();
    query.act = request.act();
    query.reports = request.reports();
    query.before = request.before();
    query.most = scope.all() ? most + 1 : kLookedThrough;
    ASSIGN_OR_RETURN(const auto leaves, store_.List(query));
    for (const LogLeaf& leaf : leaves) {
      if (response->leaves_size() == static_cast<int>(most)) {
        response->set_cut(true);
        break;
      }
      v1::LeafRecord record;
      RETURN_IF_ERROR(ToProto(leaf, &record));
      if (scope.all() || IsFor(viewer, scope, record)) {
        *response->add_leaves() = std::move(record);
      }
    }
    if (leaves.size() >= query.most) {
      response->set_cut(true);
    }
    return absl::OkStatus();
  }

  absl::Status Send(const ExportRange& range, grpc::ServerWriter<v1::ExportPart>& parts) {
    v1::ExportPart part;
    const auto flush = [&]() {
      const bool sent = parts.Write(part);
      part.clear_data();
      return sent ? absl::OkStatus() : Unavailable("the caller went away");
    };
    RETURN_IF_ERROR(ExportBundle(store_,
                                 context_.log_signer,
                                 context_.authority.certificate_pem(),
                                 range,
                                 context_.clock.Now(),
                                 [&](const std::string& piece) {
                                   part.mutable_data()->append(piece);
                                   return part.data().size() >= kPartBytes ? flush()
                                                                           : absl::OkStatus();
                                 }));
    return part.data().empty() ? absl::OkStatus() : flush();
  }

  const Context context_;
  EvidenceStore& store_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeEvidenceService(const Context& context) {
  return std::make_unique<EvidenceService>(context);
}

}  // namespace fettle::server
