// SPDX-License-Identifier: Apache-2.0
#include "lib/log/request.h"

#include <algorithm>
#include <utility>

#include "lib/base/ids.h"

namespace fettle::log {
namespace {

constexpr std::size_t kMostId = 64;

std::string& Current() {
  thread_local std::string id;
  return id;
}

bool MayBeInAnId(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

std::string RequestIdFrom(std::string_view given) {
  const bool good = !given.empty() && given.size() <= kMostId &&
                    std::all_of(given.begin(), given.end(), MayBeInAnId);
  return good ? std::string(given) : NewId();
}

const std::string& CurrentRequestId() {
  return Current();
}

void SetRequestId(std::string id) {
  Current() = std::move(id);
}

RequestScope::RequestScope(std::string id) : before_(std::exchange(Current(), std::move(id))) {}

RequestScope::~RequestScope() {
  Current() = std::move(before_);
}

}  // namespace fettle::log
