// SPDX-License-Identifier: Apache-2.0
#include "server/notify/selection.h"

#include <vector>

#include "lib/base/status_macros.h"

namespace fettle::server::notify {
namespace {

using filter::Field;
using filter::Value;

constexpr std::string_view kKinds[] = {
    "drift", "failure", "silence", "contended", "reverted", "expiring"};
constexpr std::string_view kSeverities[] = {"warning", "critical"};

constexpr Field kFields[] = {
    {"notice.kind", filter::Kind::kText, kKinds},
    {"notice.severity", filter::Kind::kText, kSeverities},
    {"notice.subject", filter::Kind::kText},
    {"notice.detail", filter::Kind::kText},
    {"notice.by", filter::Kind::kText},
};

std::vector<Field> AllFields() {
  std::vector<Field> fields(std::begin(kFields), std::end(kFields));
  const auto of_hosts = HostLanguage().fields;
  fields.insert(fields.end(), of_hosts.begin(), of_hosts.end());
  return fields;
}

class NoticeFields : public filter::Fields {
 public:
  NoticeFields(const Notice& notice, const HostFields* host) : notice_(notice), host_(host) {}

  std::vector<Value> Find(std::string_view name) const override {
    const std::pair<std::string_view, std::string_view> own[] = {
        {"notice.kind", KindName(notice_.key.kind)},
        {"notice.severity", SeverityName(notice_.severity)},
        {"notice.subject", notice_.key.subject},
        {"notice.detail", notice_.detail},
        {"notice.by", notice_.by},
    };
    for (const auto& [field, text] : own) {
      if (field == name) {
        return text.empty() ? std::vector<Value>() : std::vector<Value>{std::string(text)};
      }
    }
    return host_ == nullptr ? std::vector<Value>() : host_->Find(name);
  }

 private:
  const Notice& notice_;
  const HostFields* const host_;
};

}  // namespace

const filter::Language& NoticeLanguage() {
  static const std::vector<Field>* const fields = new std::vector<Field>(AllFields());
  static const filter::Language language{*fields, HostLanguage().open, HostLanguage().subject};
  return language;
}

absl::StatusOr<Selection> Selection::Make(const NotifyHook& hook, absl::Time now) {
  auto filter = filter::Filter::Parse(hook.filter, NoticeLanguage(), now);
  if (!filter.ok()) {
    return Annotate(filter.status(), fmt::format("[[notify]] {}: filter", hook.name));
  }
  Selection selection;
  selection.hook_ = &hook;
  selection.filter_ = *std::move(filter);
  return selection;
}

bool Selection::Wants(const Notice& notice, const HostFields* host) const {
  return hook_->kinds.contains(KindName(notice.key.kind)) &&
         (filter_.all() || filter_.Matches(NoticeFields(notice, host)));
}

}  // namespace fettle::server::notify
