// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "server/config/notify.h"

namespace fettle::server {

// Reads the value of `notify`: a list of tables. What is wrong is added to `problems`, each with
// `origin`:line; what is left then means nothing.
std::vector<NotifyHook> ReadNotifyHooks(const toml::node& node,
                                        std::string_view origin,
                                        std::vector<std::string>* problems);

// What is wrong with the hook's addresses and secrets as a whole; "" if nothing.
std::string HookProblem(const NotifyHook& hook);

// The names of all settings of a [[notify]], sorted.
std::vector<std::string_view> NotifySettings();

}  // namespace fettle::server
