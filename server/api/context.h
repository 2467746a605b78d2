// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/base/clock.h"
#include "lib/pki/certificate_authority.h"
#include "server/audit/auditor.h"
#include "server/config/config.h"
#include "server/evidence/log_signer.h"
#include "server/fleet/assigner.h"
#include "server/fleet/change_feed.h"
#include "server/fleet/pusher.h"
#include "server/fleet/registry.h"
#include "server/fleet/revocations.h"
#include "server/fleet/worker_pool.h"
#include "server/policy/publisher.h"
#include "server/policy/revision_blobs.h"
#include "server/store/store.h"

namespace fettle::server {

class LocalCallers;
class Tasks;
class WebSessions;

namespace notify {
class Notifier;
}

namespace schedule {
class Scheduler;
}

namespace siem {
class Relay;
}

// What the services work with. Everything is safe from any thread, and outlives the services.
struct Context {
  const Config& config;
  const Clock& clock;
  Store& store;
  const pki::CertificateAuthority& authority;
  RevocationSet& revocations;
  SessionRegistry& sessions;
  Assigner& assigner;
  Pusher& pusher;
  WorkerPool& pool;
  Auditor& auditor;
  Publisher& publisher;
  RevisionBlobs& blobs;
  Tasks& tasks;
  ChangeFeed& changes;
  LocalCallers& callers;
  WebSessions& web_sessions;
  const LogSigner& log_signer;
  const notify::Notifier& notifier;
  const siem::Relay& siem;
  const schedule::Scheduler& scheduler;
};

}  // namespace fettle::server
