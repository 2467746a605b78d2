// SPDX-License-Identifier: Apache-2.0
#include "fettle/v1/enrollment.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_request.h"
#include "server/api/grpc_status.h"
#include "server/api/peer.h"
#include "server/api/services.h"
#include "server/ca/issuer.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMaxMachineId = 128;

class EnrollmentService final : public v1::Enrollment::Service {
 public:
  explicit EnrollmentService(const Context& context) : context_(context) {}

  grpc::Status Enroll(grpc::ServerContext* call,
                      const v1::EnrollRequest* request,
                      v1::EnrollResponse* response) override {
    const std::string who = fmt::format("enrol/{}", AddressOf(call->peer()));
    const absl::Status status = Enroll(who, *request, response);
    if (!status.ok()) {
      context_.auditor.Denied(
          who, fmt::format("enrolment of \"{}\": {}", request->name(), Message(status)));
    }
    return ToGrpc(status);
  }

 private:
  absl::Status Enroll(const std::string& who,
                      const v1::EnrollRequest& request,
                      v1::EnrollResponse* response) {
    ASSIGN_OR_RETURN(const Subject subject, FromProto(request.subject()));
    const pki::Role role = subject == Subject::kHost ? pki::Role::kHost : pki::Role::kUser;
    if (!request.name().empty()) {
      RETURN_IF_ERROR(pki::Identity::Of(role, request.name()).status());
    }
    if (request.machine_id().size() > kMaxMachineId) {
      return InvalidArgument("the machine id is longer than {} bytes", kMaxMachineId);
    }
    ASSIGN_OR_RETURN(const pki::CertificateRequest verified,
                     pki::VerifyCertificateRequest(request.certificate_request()));
    HostRecord host;
    host.name = request.name();
    host.machine_id = request.machine_id();
    const absl::Time now = context_.clock.Now();
    IssuedCertificate issued;
    const auto issue = [&](const TokenRecord& /*token*/,
                           const std::string& name) -> absl::StatusOr<CertificateRecord> {
      RETURN_IF_ERROR(CheckNameFree(subject, name, KeyDigest(verified.public_key_pem), now));
      ASSIGN_OR_RETURN(const pki::Identity identity, pki::Identity::Of(role, name));
      ASSIGN_OR_RETURN(
          issued,
          IssueCertificate(context_.authority,
                           identity,
                           request.certificate_request(),
                           subject == Subject::kHost ? context_.config.host_certificate
                                                     : context_.config.user_certificate,
                           now));
      return issued.record;
    };
    AuditEntry told;
    const auto act = [&](const CertificateRecord& certificate) {
      const bool user = subject == Subject::kUser;
      told = context_.auditor.Entry(who,
                                    user ? "login" : "enrol",
                                    fmt::format("{} {}", user ? "user" : "host", certificate.name),
                                    user ? "" : certificate.name);
      return told;
    };
    RETURN_IF_ERROR(context_.store.fleet()
                        .Enroll(Sha256(request.token_secret()), subject, host, issue, now, act)
                        .status());
    Auditor::Told(told);
    response->set_certificate(issued.pem);
    response->set_ca(context_.authority.certificate_pem());
    response->set_name(issued.record.name);
    return absl::OkStatus();
  }

  // A host's name belongs to one key at a time, or a token that is good for any name could take
  // over a host. A user's token says the name, and people have more than one computer.
  absl::Status CheckNameFree(Subject subject,
                             const std::string& name,
                             const Digest& key,
                             absl::Time now) {
    if (subject == Subject::kUser) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const auto live, context_.store.fleet().LiveCertificates(subject, name, now));
    for (const CertificateRecord& certificate : live) {
      if (certificate.key != key) {
        return absl::AlreadyExistsError(
            fmt::format("host \"{0}\" is enrolled with another key; if it was set up anew, run "
                        "`fettle revoke --host {0}` first",
                        name));
      }
    }
    return absl::OkStatus();
  }

  const Context context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeEnrollmentService(const Context& context) {
  return std::make_unique<EnrollmentService>(context);
}

}  // namespace fettle::server
