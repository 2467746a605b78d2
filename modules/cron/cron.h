// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Jobs of cron, each known by its name: a file in /etc/cron.d, or an entry of a user's crontab.
const resource::Schema& CronSchema();
const resource::ResourceType& CronType();

}  // namespace fettle::modules
