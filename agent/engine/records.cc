// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/records.h"

#include <algorithm>

#include <fmt/format.h>

#include "agent/engine/cause.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/unified_diff.h"

namespace fettle::engine {
namespace {

using journal::Fingerprint;
using journal::FingerprintOf;
using resource::Difference;
using resource::DifferenceRecord;
using resource::Value;

constexpr std::string_view kSecretShown = "(secret)";
constexpr std::size_t kMostShown = 1000;
constexpr std::size_t kMostRemembered = 120;
constexpr std::size_t kMostDiff = 16 << 10;
// A secret shorter than this is no use to look for in messages: it would match anything.
constexpr std::size_t kLeastSecret = 4;

bool IsSecret(const Item& item, const Difference& difference) {
  const resource::AttributeSchema* schema = item.type->schema->Find(difference.attribute);
  const Value* declared = item.declaration->attributes.Find(difference.attribute);
  return item.declaration->sensitive || (schema != nullptr && schema->secret) ||
         (declared != nullptr && declared->HasSecret()) || difference.current.HasSecret() ||
         difference.desired.HasSecret();
}

std::string Show(const Value& value) {
  std::string text = value.Display();
  if (!IsText(text) && !text.empty()) {
    return fmt::format("(binary, {} bytes)", text.size());
  }
  if (text.size() > kMostShown) {
    return fmt::format("({} bytes in {} lines)", text.size(), SplitLines(text).size());
  }
  return text;
}

bool IsLongText(const Value& value) {
  return value.kind() == Value::Kind::kString && value.AsString().find('\n') != std::string::npos;
}

std::string DiffOf(const Difference& difference) {
  if (!IsLongText(difference.current) && !IsLongText(difference.desired)) {
    return "";
  }
  const auto text = [](const Value& value) {
    return value.kind() == Value::Kind::kString ? std::string_view(value.AsString()) : "";
  };
  return UnifiedDiff(text(difference.current), text(difference.desired), {.max_bytes = kMostDiff});
}

// What we left there, if it can be compared with what a look finds now. A value that was only
// declared and found so cannot: it may be spelled otherwise ("4" for "tty"). Nor can what is looked
// for by its own value (a line, what a command creates) once another value is declared: that this
// one is not there yet says nothing of the old one.
Fingerprint LastSet(const Difference& difference,
                    const CauseFacts& facts,
                    const journal::Mark* mark) {
  const bool declared_anew = facts.desired != facts.last_desired;
  if (mark == nullptr || (declared_anew && difference.current.absent())) {
    return 0;
  }
  return mark->set;
}

CauseFacts FactsOf(const Item& item, const Difference& difference, const journal::Known* known) {
  CauseFacts facts;
  facts.seen = known != nullptr;
  facts.observed = FingerprintOf(difference.current);
  if (known == nullptr) {
    return facts;
  }
  const journal::Mark* mark = known->Find(difference.attribute);
  const Value* declared = item.declaration->attributes.Find(difference.attribute);
  if (declared != nullptr) {
    facts.desired = FingerprintOf(*declared);
    facts.last_desired = mark == nullptr ? 0 : mark->declared;
  } else {
    facts.desired = DeclarationFingerprint(item);
    facts.last_desired = known->declaration;
  }
  facts.last_set = LastSet(difference, facts, mark);
  return facts;
}

std::string ShowLastSet(const Difference& difference,
                        const CauseFacts& facts,
                        const journal::Mark* mark) {
  if (facts.last_set == 0) {
    return "";
  }
  if (facts.last_set == FingerprintOf(difference.desired)) {
    return Show(difference.desired);
  }
  if (facts.last_set == facts.observed) {
    return Show(difference.current);
  }
  return mark == nullptr ? "" : mark->shown;
}

DifferenceRecord MakeRecord(const Item& item,
                            const Difference& difference,
                            const journal::Known* known) {
  const CauseFacts facts = FactsOf(item, difference, known);
  DifferenceRecord record;
  record.attribute = difference.attribute;
  record.cause = CauseOf(facts);
  if (IsSecret(item, difference)) {
    const auto hide = [](const Value& value) {
      return value.absent() ? value.Display() : std::string(kSecretShown);
    };
    record.current = hide(difference.current);
    record.desired = hide(difference.desired);
    record.last_set = facts.last_set == 0 ? "" : kSecretShown;
    return record;
  }
  record.current = Show(difference.current);
  record.desired = Show(difference.desired);
  record.last_set = ShowLastSet(
      difference, facts, known == nullptr ? nullptr : known->Find(difference.attribute));
  record.diff = DiffOf(difference);
  return record;
}

// Every secret text in `value`; with `all`, every text.
void CollectSecrets(const Value& value,  // NOLINT(misc-no-recursion): values are trees
                    bool all,
                    std::vector<std::string_view>* secrets) {
  switch (value.kind()) {
    case Value::Kind::kString:
    case Value::Kind::kSecret:
      if ((all || value.HasSecret()) && value.AsString().size() >= kLeastSecret) {
        secrets->push_back(value.AsString());
      }
      return;
    case Value::Kind::kList:
      for (const Value& item : value.AsList()) {
        CollectSecrets(item, all, secrets);
      }
      return;
    case Value::Kind::kMap:
      for (const auto& [key, item] : value.AsMap()) {
        CollectSecrets(item, all, secrets);
      }
      return;
    default:
      return;
  }
}

bool IsState(const Item& item, std::string_view attribute) {
  const resource::AttributeSchema* schema = item.type->schema->Find(attribute);
  return schema == nullptr || !schema->parameter;
}

journal::Mark* FindOrAdd(journal::Known* known, const std::string& attribute) {
  for (journal::Mark& mark : known->marks) {
    if (mark.attribute == attribute) {
      return &mark;
    }
  }
  journal::Mark& mark = known->marks.emplace_back();
  mark.attribute = attribute;
  return &mark;
}

}  // namespace

std::vector<DifferenceRecord> MakeRecords(const Item& item,
                                          std::span<const Difference> drift,
                                          const journal::Known* known) {
  std::vector<DifferenceRecord> records;
  records.reserve(drift.size());
  for (const Difference& difference : drift) {
    records.push_back(MakeRecord(item, difference, known));
  }
  return records;
}

resource::Cause GravestCause(std::span<const DifferenceRecord> records) {
  resource::Cause gravest = resource::Cause::kNone;
  for (const DifferenceRecord& record : records) {
    gravest = std::max(gravest, record.cause);
  }
  return gravest;
}

std::string WithoutSecrets(const Item& item, std::string_view text) {
  std::vector<std::string_view> secrets;
  for (const auto& [name, value] : item.declaration->attributes.all()) {
    const resource::AttributeSchema* schema = item.type->schema->Find(name);
    const bool all = item.declaration->sensitive || (schema != nullptr && schema->secret);
    CollectSecrets(value, all && IsState(item, name), &secrets);
  }
  // Longest first: one may be part of another.
  std::sort(secrets.begin(), secrets.end(), [](std::string_view a, std::string_view b) {
    return a.size() > b.size();
  });
  std::string shown(text);
  for (const std::string_view secret : secrets) {
    for (std::size_t at = shown.find(secret); at != std::string::npos;
         at = shown.find(secret, at + kSecretShown.size())) {
      shown.replace(at, secret.size(), kSecretShown);
    }
  }
  return shown;
}

Fingerprint DeclarationFingerprint(const Item& item) {
  Fingerprint all = 1;
  for (const auto& [name, value] : item.declaration->attributes.all()) {
    if (IsState(item, name)) {
      all = all * 0x9E3779B97F4A7C15U + FingerprintOf(Value(name));
      all = all * 0x9E3779B97F4A7C15U + FingerprintOf(value);
    }
  }
  return all;
}

journal::Known MakeKnown(const Item& item,
                         std::span<const Difference> set,
                         const journal::Known* before) {
  journal::Known known;
  known.declaration = DeclarationFingerprint(item);
  for (const auto& [name, value] : item.declaration->attributes.all()) {
    if (!IsState(item, name)) {
      continue;
    }
    journal::Mark mark{name, FingerprintOf(value), 0, ""};
    const journal::Mark* last = before == nullptr ? nullptr : before->Find(name);
    if (last != nullptr && last->declared == mark.declared) {
      mark.set = last->set;
      mark.shown = last->shown;
    }
    known.marks.push_back(std::move(mark));
  }
  for (const Difference& difference : set) {
    journal::Mark* mark = FindOrAdd(&known, difference.attribute);
    mark->set = FingerprintOf(difference.desired);
    mark->shown.clear();
    if (!IsSecret(item, difference)) {
      const std::string shown = difference.desired.Display();
      mark->shown = shown.size() <= kMostRemembered && IsText(shown) ? shown : "";
    }
  }
  return known;
}

std::string ErrorToShow(const Item& item, const absl::Status& status) {
  if (item.declaration->sensitive && (item.type->schema->opaque || item.type->schema->read_only)) {
    return "failed; what it said is not shown, as the resource is sensitive";
  }
  return WithoutSecrets(item, Message(status));
}

}  // namespace fettle::engine
