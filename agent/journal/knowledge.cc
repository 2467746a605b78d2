// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/knowledge.h"

#include <algorithm>

namespace fettle::journal {
namespace {

constexpr Fingerprint kSeed = 0xCBF29CE484222325U;
constexpr Fingerprint kPrime = 0x100000001B3U;

// FNV-1a: stable across versions and machines. Nothing but the wording of a report depends on it.
void MixText(std::string_view bytes, Fingerprint* hash) {
  for (const char c : bytes) {
    *hash = (*hash ^ static_cast<unsigned char>(c)) * kPrime;
  }
  *hash = (*hash ^ (bytes.size() + 1)) * kPrime;
}

void Mix(const resource::Value& value, Fingerprint* hash) {  // NOLINT(misc-no-recursion): a tree
  using Kind = resource::Value::Kind;
  // A secret is the same as plain text here: only what it says counts.
  const Kind kind = value.kind() == Kind::kSecret ? Kind::kString : value.kind();
  *hash = (*hash ^ (static_cast<Fingerprint>(kind) + 1)) * kPrime;
  switch (kind) {
    case Kind::kAbsent:
    case Kind::kSecret:
      return;
    case Kind::kBool:
    case Kind::kInteger:
      return MixText(value.Display(), hash);
    case Kind::kString:
      return MixText(value.AsString(), hash);
    case Kind::kList:
      for (const resource::Value& item : value.AsList()) {
        Mix(item, hash);
      }
      return;
    case Kind::kMap:
      for (const auto& [key, item] : value.AsMap()) {
        MixText(key, hash);
        Mix(item, hash);
      }
      return;
  }
}

PendingSource* FindSource(std::vector<PendingSource>* sources, const std::string& id) {
  for (PendingSource& source : *sources) {
    if (source.id == id) {
      return &source;
    }
  }
  return nullptr;
}

}  // namespace

Fingerprint FingerprintOf(const resource::Value& value) {
  Fingerprint hash = kSeed;
  Mix(value, &hash);
  return hash == 0 ? 1 : hash;
}

const Mark* Known::Find(std::string_view attribute) const {
  for (const Mark& mark : marks) {
    if (mark.attribute == attribute) {
      return &mark;
    }
  }
  return nullptr;
}

void Knowledge::Add(const Record& record) {
  std::visit([this](const auto& one) { AddOne(one); }, record);
}

const Known* Knowledge::Find(std::string_view id) const {
  const auto at = known_.find(absl::string_view(id.data(), id.size()));
  return at == known_.end() ? nullptr : &at->second;
}

void Knowledge::AddOne(const Intent& intent) {
  folders_.insert(intent.folders.begin(), intent.folders.end());
  for (const Intent::Entry& entry : intent.entries) {
    open_.insert_or_assign(entry.id, intent.run);
    for (const Intent::Target& target : entry.targets) {
      std::vector<PendingSource>& sources = pending_[target.id];
      PendingSource* known = FindSource(&sources, entry.id);
      if (known == nullptr) {
        sources.push_back({entry.id, intent.at, false, target.kind});
        unconfirmed_[entry.id].push_back(target.id);
        continue;
      }
      // An earlier change that is still pending stays certain; restart wins.
      known->kind = std::max(known->kind, target.kind);
      if (known->certain) {
        unconfirmed_[entry.id].push_back(target.id);
      }
    }
  }
}

void Knowledge::Close(const std::string& id) {
  open_.erase(id);
  if (open_.empty()) {
    folders_.clear();
  }
}

void Knowledge::AddOne(const AtRest& at_rest) {
  for (const AtRest::Entry& entry : at_rest.entries) {
    known_.insert_or_assign(entry.id, entry.known);
    Close(entry.id);
    Confirm(entry.id, at_rest.at);
  }
}

void Knowledge::Confirm(const std::string& source, absl::Time at) {
  const auto found = unconfirmed_.find(source);
  if (found == unconfirmed_.end()) {
    return;
  }
  for (const std::string& target : found->second) {
    const auto pending = pending_.find(target);
    if (pending == pending_.end()) {
      continue;
    }
    if (PendingSource* entry = FindSource(&pending->second, source)) {
      entry->certain = true;
      entry->changed_at = at;
    }
  }
  unconfirmed_.erase(found);
}

void Knowledge::AddOne(const Failed& failed) {
  for (const std::string& id : failed.ids) {
    Close(id);
  }
}

void Knowledge::AddOne(const Refreshed& refreshed) {
  for (const std::string& id : refreshed.ids) {
    pending_.erase(id);
  }
}

void Knowledge::AddOne(const Settled& settled) {
  settled_ = settled.catalog;
}

void Knowledge::AddOne(const Forgotten& forgotten) {
  for (const std::string& id : forgotten.ids) {
    known_.erase(id);
    Close(id);
    pending_.erase(id);
    unconfirmed_.erase(id);
  }
}

void Knowledge::AddOne(const Withdrawn& withdrawn) {
  for (const std::string& id : withdrawn.ids) {
    Close(id);
    DropUncertain(id);
  }
}

// Nobody need be told of a change of `source` that was not made.
void Knowledge::DropUncertain(const std::string& source) {
  const auto found = unconfirmed_.find(source);
  if (found == unconfirmed_.end()) {
    return;
  }
  for (const std::string& target : found->second) {
    const auto pending = pending_.find(target);
    if (pending == pending_.end()) {
      continue;
    }
    std::erase_if(pending->second, [&source](const PendingSource& entry) {
      return entry.id == source && !entry.certain;
    });
    if (pending->second.empty()) {
      pending_.erase(pending);
    }
  }
  unconfirmed_.erase(found);
}

std::vector<Record> Knowledge::Compact() const {
  AtRest at_rest{absl::UnixEpoch(), {}};
  for (const auto& [id, known] : known_) {
    at_rest.entries.push_back({id, known});
  }
  std::sort(at_rest.entries.begin(), at_rest.entries.end(), [](const auto& a, const auto& b) {
    return a.id < b.id;
  });
  std::vector<Record> records{std::move(at_rest)};
  // Intents make the pending refreshes again; who is certain is at rest, so that its record (with
  // the time of the change) confirms it.
  const auto add_sources = [&](bool certain) {
    for (const auto& [target, sources] : pending_) {
      for (const PendingSource& source : sources) {
        if (source.certain != certain) {
          continue;
        }
        records.emplace_back(Intent{"", source.changed_at, {{source.id, {{target, source.kind}}}}});
        const Known* known = Find(source.id);
        if (certain) {
          records.emplace_back(
              AtRest{source.changed_at, {{source.id, known == nullptr ? Known() : *known}}});
        } else {
          records.emplace_back(Failed{{source.id}});
        }
      }
    }
  };
  add_sources(true);
  add_sources(false);
  for (const auto& [id, run] : open_) {
    records.emplace_back(
        Intent{run, absl::UnixEpoch(), {{id, {}}}, {folders_.begin(), folders_.end()}});
  }
  if (!settled_.empty()) {
    records.emplace_back(Settled{settled_});
  }
  return records;
}

}  // namespace fettle::journal
