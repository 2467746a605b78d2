// SPDX-License-Identifier: Apache-2.0
#include "fettle/v1/policy.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"
#include "server/api/access.h"
#include "server/api/blob_stream.h"
#include "server/api/grpc_status.h"
#include "server/api/scope.h"
#include "server/api/services.h"
#include "server/policy/revision_names.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr uint32_t kUsualRevisions = 50;
constexpr uint32_t kMostRevisions = 1000;

class PolicyService final : public v1::Policy::Service {
 public:
  explicit PolicyService(const Context& context)
      : context_(context), store_(context.store.policy()) {}

  grpc::Status MissingBlobs(grpc::ServerContext* call,
                            const v1::MissingBlobsRequest* request,
                            v1::MissingBlobsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireAdmin(context_, *call, "MissingBlobs").status());
      std::vector<Digest> digests;
      for (const std::string& raw : request->digests()) {
        ASSIGN_OR_RETURN(digests.emplace_back(), Digest::FromRaw(raw));
      }
      ASSIGN_OR_RETURN(const auto missing, store_.MissingBlobs(digests));
      for (const Digest& digest : missing) {
        response->add_digests(wire::ToProto(digest));
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status UploadBlobs(grpc::ServerContext* call,
                           grpc::ServerReader<v1::BlobChunk>* reader,
                           v1::UploadBlobsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireAdmin(context_, *call, "UploadBlobs").status());
      BlobReceiver receiver(store_);
      v1::BlobChunk chunk;
      while (reader->Read(&chunk)) {
        RETURN_IF_ERROR(receiver.Take(chunk));
      }
      ASSIGN_OR_RETURN(const uint64_t stored, receiver.Finish());
      response->set_stored(stored);
      return absl::OkStatus();
    }());
  }

  grpc::Status Publish(grpc::ServerContext* call,
                       const v1::PublishRequest* request,
                       v1::PublishResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const std::string who, RequireAdmin(context_, *call, "Publish"));
      if (!request->channel().empty()) {
        RETURN_IF_ERROR(CheckChannelName(request->channel()));
      }
      AuditEntry told;
      const auto act = [&](const RevisionRecord& made) {
        told =
            context_.auditor.Entry(who,
                                   "publish",
                                   fmt::format("{} {} signed by {}",
                                               RevisionName(made.number),
                                               made.id.Hex(),
                                               made.signed_by.empty() ? "nobody" : made.signed_by));
        return told;
      };
      const auto revision =
          context_.publisher.Publish(request->statement(), request->signature(), who, act);
      if (!revision.ok()) {
        context_.auditor.Denied(who, fmt::format("Publish: {}", Message(revision.status())));
        return revision.status();
      }
      context_.changes.Tell(Change::Kind::kRevision);
      if (!told.who.empty()) {  // Else it was there already.
        Auditor::Told(told);
      }
      if (!request->channel().empty()) {
        ASSIGN_OR_RETURN(const Pusher::Reach reach, Point(who, request->channel(), *revision));
        response->set_hosts(reach.hosts);
        response->set_connected(reach.connected);
      }
      return Show(*revision, {who, "admin", ""}, response->mutable_revision());
    }());
  }

  grpc::Status ListRevisions(grpc::ServerContext* call,
                             const v1::ListRevisionsRequest* request,
                             v1::ListRevisionsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer,
                       RequireViewer(context_, *call, "ListRevisions", *request));
      int64_t before = 0;
      if (!request->before().empty()) {
        ASSIGN_OR_RETURN(const RevisionRecord first, ResolveRevision(store_, request->before()));
        before = first.number;
      }
      const uint32_t most = request->most() == 0 ? kUsualRevisions : request->most();
      ASSIGN_OR_RETURN(const auto revisions,
                       store_.ListRevisions(before, std::min(most, kMostRevisions)));
      ASSIGN_OR_RETURN(const auto channels, store_.ListChannels());
      ASSIGN_OR_RETURN(const auto hosts, HostsOf(viewer));
      for (const RevisionRecord& revision : revisions) {
        *response->add_revisions() = ToProto(revision, channels, hosts);
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status GetRevision(grpc::ServerContext* call,
                           const v1::GetRevisionRequest* request,
                           v1::Revision* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer,
                       RequireViewer(context_, *call, "GetRevision", *request));
      ASSIGN_OR_RETURN(const RevisionRecord revision, ResolveRevision(store_, request->name()));
      return Show(revision, viewer, response);
    }());
  }

  grpc::Status GetBlobs(grpc::ServerContext* call,
                        const v1::FetchBlobsRequest* request,
                        grpc::ServerWriter<v1::BlobChunk>* writer) override {
    return ToGrpc([&]() -> absl::Status {
      RETURN_IF_ERROR(RequireViewer(context_, *call, "GetBlobs", *request).status());
      ASSIGN_OR_RETURN(const auto digests, WantedBlobs(*request));
      return SendBlobs(
          store_, digests, [&](const v1::BlobChunk& chunk) { return writer->Write(chunk); });
    }());
  }

  grpc::Status SetChannel(grpc::ServerContext* call,
                          const v1::SetChannelRequest* request,
                          v1::SetChannelResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const std::string who, RequireAdmin(context_, *call, "SetChannel"));
      RETURN_IF_ERROR(CheckChannelName(request->channel()));
      ASSIGN_OR_RETURN(const RevisionRecord revision, ResolveRevision(store_, request->revision()));
      ASSIGN_OR_RETURN(const Pusher::Reach reach, Point(who, request->channel(), revision));
      response->set_hosts(reach.hosts);
      response->set_connected(reach.connected);
      ASSIGN_OR_RETURN(const ChannelRecord channel, store_.GetChannel(request->channel()));
      ASSIGN_OR_RETURN(const auto hosts, context_.store.fleet().ListHosts());
      *response->mutable_channel() = ToProto(channel, hosts);
      return absl::OkStatus();
    }());
  }

  grpc::Status ListChannels(grpc::ServerContext* call,
                            const v1::ListChannelsRequest* request,
                            v1::ListChannelsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer,
                       RequireViewer(context_, *call, "ListChannels", *request));
      ASSIGN_OR_RETURN(const auto channels, store_.ListChannels());
      ASSIGN_OR_RETURN(const auto hosts, HostsOf(viewer));
      for (const ChannelRecord& channel : channels) {
        *response->add_channels() = ToProto(channel, hosts);
      }
      return absl::OkStatus();
    }());
  }

 private:
  // Those that the viewer may see.
  absl::StatusOr<std::vector<HostRecord>> HostsOf(const Viewer& viewer) {
    ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
    ASSIGN_OR_RETURN(auto hosts, context_.store.fleet().ListHosts());
    std::erase_if(hosts, [&](const HostRecord& host) { return !scope.Shows(host.name); });
    return hosts;
  }

  // Moves a channel and tells the hosts that follow it.
  absl::StatusOr<Pusher::Reach> Point(const std::string& who,
                                      const std::string& channel,
                                      const RevisionRecord& revision) {
    ChannelRecord record;
    record.name = channel;
    record.revision_id = revision.id;
    record.changed = context_.clock.Now();
    record.changed_by = who;
    const AuditEntry act = context_.auditor.Entry(
        who, "channel set", fmt::format("{} to {}", channel, RevisionName(revision.number)));
    RETURN_IF_ERROR(store_.SetChannel(record, act));
    Auditor::Told(act);
    context_.changes.Tell(Change::Kind::kChannel);
    return context_.pusher.ChannelChanged(channel);
  }

  absl::Status Show(const RevisionRecord& revision, const Viewer& viewer, v1::Revision* response) {
    ASSIGN_OR_RETURN(const auto channels, store_.ListChannels());
    ASSIGN_OR_RETURN(const auto hosts, HostsOf(viewer));
    *response = ToProto(revision, channels, hosts);
    return absl::OkStatus();
  }

  const Context context_;
  PolicyStore& store_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePolicyService(const Context& context) {
  return std::make_unique<PolicyService>(context);
}

}  // namespace fettle::server
