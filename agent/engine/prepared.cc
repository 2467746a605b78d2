// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/prepared.h"

#include "lib/base/status_macros.h"

namespace fettle::engine {
namespace {

std::vector<std::vector<Notification>> Notifications(const resource::Catalog& catalog,
                                                     const std::vector<Item>& items) {
  std::vector<std::vector<Notification>> notifications(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const resource::Relation& relation : catalog.resources[i].relations) {
      if (items[i].refreshable == nullptr) {
        break;
      }
      if (relation.kind == resource::RelationKind::kReload) {
        notifications[relation.target].push_back({i, resource::RefreshKind::kReload});
      } else if (relation.kind == resource::RelationKind::kRestart) {
        notifications[relation.target].push_back({i, resource::RefreshKind::kRestart});
      }
    }
  }
  return notifications;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Prepared>> Prepared::Make(const resource::Catalog& catalog,
                                                         const TypeLookup& types,
                                                         std::optional<Digest> digest) {
  std::unique_ptr<Prepared> prepared(new Prepared(catalog));
  prepared->digest_ = digest.has_value() ? *digest : resource::CatalogDigest(catalog);
  prepared->items_.reserve(catalog.resources.size());
  prepared->index_.reserve(catalog.resources.size());
  const resource::ResourceType* type = nullptr;
  for (const resource::Declaration& declaration : catalog.resources) {
    if (type == nullptr || type->schema->type != declaration.type) {
      type = types(declaration.type);
    }
    if (type == nullptr) {
      return InvalidArgument(
          "{} at {}: this agent has no resource type \"{}\"; it is older than the policy: upgrade "
          "it, or keep the resource from this host",
          declaration.Id(),
          declaration.position.Display(),
          declaration.type);
    }
    std::unique_ptr<resource::Resource> made = type->make(declaration.name, declaration.attributes);
    const auto* refreshable = dynamic_cast<const resource::Refreshable*>(made.get());
    const bool reacts = refreshable != nullptr && refreshable->MayReact();
    prepared->items_.push_back(
        {declaration.Id(), &declaration, type, std::move(made), reacts ? refreshable : nullptr});
    prepared->index_.emplace(prepared->items_.back().id, prepared->items_.size() - 1);
  }
  return prepared;
}

std::optional<std::size_t> Prepared::Find(std::string_view id) const {
  const auto at = index_.find(id);
  return at == index_.end() ? std::nullopt : std::optional(at->second);
}

const Prepared::Details& Prepared::details() const {
  if (details_.has_value()) {
    return *details_;
  }
  std::vector<const resource::Schema*> schemas;
  Details details;
  schemas.reserve(items_.size());
  details.footprints.reserve(items_.size());
  for (const Item& item : items_) {
    schemas.push_back(item.type->schema);
    details.footprints.push_back(
        item.type->schema->footprint(item.declaration->name, item.declaration->attributes));
  }
  details.order = resource::OrderCatalog(catalog_, schemas);
  details.notifications = Notifications(catalog_, items_);
  details_ = std::move(details);
  return *details_;
}

const Digest& Prepared::all_ok() const {
  if (!all_ok_.has_value()) {
    std::vector<std::pair<std::string, resource::State>> states;
    states.reserve(items_.size());
    for (const Item& item : items_) {
      states.emplace_back(item.id, resource::State::kOk);
    }
    all_ok_ = resource::StateDigest(std::move(states));
  }
  return *all_ok_;
}

}  // namespace fettle::engine
