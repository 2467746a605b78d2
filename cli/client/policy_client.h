// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/client/connection.h"
#include "lib/digest/digest.h"

namespace fettle::v1 {
class ListChannelsResponse;
class ListRevisionsRequest;
class ListRevisionsResponse;
class PublishRequest;
class PublishResponse;
class Revision;
class SetChannelRequest;
class SetChannelResponse;
}  // namespace fettle::v1

namespace fettle::cli {

// The service Policy (policy.proto says what each call does). Errors are as Connection::Explain()
// gives them.
class PolicyClient {
 public:
  explicit PolicyClient(Connection connection) : connection_(std::move(connection)) {}

  // Those of `digests` that the server lacks. Asks in as many calls as it takes.
  absl::StatusOr<std::vector<Digest>> MissingBlobs(const std::vector<Digest>& digests) const;

  // Uploads the contents, in chunks, by their digests.
  absl::Status UploadBlobs(const std::map<Digest, std::string_view>& blobs) const;

  // The contents of all `digests`, each checked against its digest (kDataLoss). Asks in as many
  // calls as it takes.
  absl::StatusOr<std::map<Digest, std::string>> GetBlobs(const std::vector<Digest>& digests) const;

  absl::StatusOr<v1::PublishResponse> Publish(const v1::PublishRequest& request) const;
  absl::StatusOr<v1::ListRevisionsResponse> ListRevisions(
      const v1::ListRevisionsRequest& request) const;

  // By "r42", a prefix of its digest, or a channel's name.
  absl::StatusOr<v1::Revision> GetRevision(const std::string& name) const;

  absl::StatusOr<v1::SetChannelResponse> SetChannel(const v1::SetChannelRequest& request) const;
  absl::StatusOr<v1::ListChannelsResponse> ListChannels() const;

 private:
  Connection connection_;
};

}  // namespace fettle::cli
