// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fettle/v1/agent.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "server/api/access.h"
#include "server/api/blob_stream.h"
#include "server/api/grpc_status.h"
#include "server/api/services.h"
#include "server/api/session_reactor.h"
#include "server/ca/issuer.h"

namespace fettle::server {
namespace {

// Ends a stream before it began.
class Refused final : public grpc::ServerBidiReactor<v1::AgentMessage, v1::ServerMessage> {
 public:
  explicit Refused(const absl::Status& why) { Finish(ToGrpc(why)); }

  void OnDone() override { delete this; }
};

// The session is callbacks; the two calls that may wait for the store have threads of their own.
class AgentGateway final
    : public v1::AgentGateway::WithCallbackMethod_Session<v1::AgentGateway::Service> {
 public:
  explicit AgentGateway(const Context& context) : context_(context) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::ServerMessage>* Session(
      grpc::CallbackServerContext* call) override {
    auto peer = RequireHost(context_, *call, "Session");
    if (!peer.ok()) {
      return new Refused(peer.status());
    }
    return SessionReactor::Open(context_, *std::move(peer), call);
  }

  grpc::Status FetchBlobs(grpc::ServerContext* call,
                          const v1::FetchBlobsRequest* request,
                          grpc::ServerWriter<v1::BlobChunk>* writer) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Peer peer, RequireHost(context_, *call, "FetchBlobs"));
      ASSIGN_OR_RETURN(const auto digests, WantedBlobs(*request));
      RETURN_IF_ERROR(CheckMayFetch(peer, digests));
      return SendBlobs(context_.store.policy(), digests, [&](const v1::BlobChunk& chunk) {
        return writer->Write(chunk);
      });
    }());
  }

  grpc::Status Renew(grpc::ServerContext* call,
                     const v1::RenewRequest* request,
                     v1::RenewResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Peer peer, RequireHost(context_, *call, "Renew"));
      ASSIGN_OR_RETURN(const HostRecord host, context_.store.fleet().GetHost(peer.identity.name));
      if (host.revoked) {
        return PermissionDenied("host {} was revoked; enrol it anew", host.name);
      }
      ASSIGN_OR_RETURN(const IssuedCertificate issued,
                       IssueCertificate(context_.authority,
                                        peer.identity,
                                        request->certificate_request(),
                                        context_.config.host_certificate,
                                        context_.clock.Now()));
      const AuditEntry act = context_.auditor.Entry(
          peer.Who(), "renew", "certificate " + issued.record.serial, host.name);
      RETURN_IF_ERROR(context_.store.fleet().AddCertificate(issued.record, act));
      Auditor::Told(act);
      response->set_certificate(issued.pem);
      response->set_ca(context_.authority.certificate_pem());
      return absl::OkStatus();
    }());
  }

 private:
  // The revisions whose content a host may have: the one it is assigned, those that its session was
  // sent lately (it may still be fetching one), and the one it enforces.
  absl::StatusOr<std::vector<Digest>> RevisionsOf(const std::string& host) {
    ASSIGN_OR_RETURN(const HostRecord record, context_.store.fleet().GetHost(host));
    ASSIGN_OR_RETURN(const Assignment assignment, context_.assigner.For(host));
    std::vector<Digest> revisions;
    if (const auto session = context_.sessions.Find(host)) {
      revisions = session->SentRevisions();
    }
    if (assignment.revision != nullptr) {
      revisions.push_back(assignment.revision->id);
    }
    revisions.push_back(record.revision_id);
    return revisions;
  }

  absl::Status CheckMayFetch(const Peer& peer, const std::vector<Digest>& digests) {
    ASSIGN_OR_RETURN(const auto revisions, RevisionsOf(peer.identity.name));
    std::vector<std::shared_ptr<const RevisionBlobs::Set>> sets;
    for (const Digest& revision : revisions) {
      auto set = context_.blobs.Of(revision);
      if (set.ok()) {
        sets.push_back(*std::move(set));
      } else if (!absl::IsNotFound(set.status())) {
        return set.status();
      }
    }
    for (const Digest& digest : digests) {
      const bool assigned = std::any_of(
          sets.begin(), sets.end(), [&](const auto& set) { return set->contains(digest); });
      if (!assigned) {
        absl::Status denied =
            PermissionDenied("blob {} is of no revision that this host was assigned", digest.Hex());
        context_.auditor.Denied(peer.Who(), Message(denied));
        return denied;
      }
    }
    return absl::OkStatus();
  }

  const Context context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAgentGateway(const Context& context) {
  return std::make_unique<AgentGateway>(context);
}

}  // namespace fettle::server
