// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/types_for_test.h"

#include <cstdlib>
#include <iostream>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "tests/support/fake_host.h"

namespace fettle::engine {
namespace {

using resource::Attributes;
using resource::AttributeType;
using resource::Difference;
using resource::Footprint;
using resource::Resource;
using resource::ResourceType;
using resource::Schema;
using resource::Value;
using Found = absl::StatusOr<std::vector<Difference>>;

constexpr uint64_t kMost = 1 << 20;

void Did(std::string what) {
  DoneForTest().push_back(std::move(what));
}

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  return std::string(name);
}

bool Exists(const sys::HostReader& host, const std::string& path) {
  return host.files().Stat(path).ok();
}

// Writes a file whether or not it is there.
absl::Status Write(sys::Host& host, const std::string& path, std::string_view content) {
  sys::ReplaceOptions options;
  if (const absl::StatusOr<sys::FileStat> stat = host.files().Stat(path); stat.ok()) {
    options.expected = *stat;
  }
  return host.write_files().Replace(path, content, options);
}

class Text final : public Resource {
 public:
  Text(std::string_view name, const Attributes& attributes) : path_(name), declared_(attributes) {}

  Found Inspect(const sys::HostReader& host, Deadline /*deadline*/) const override {
    const Value& wanted = *declared_.Find("content");
    const absl::StatusOr<std::string> content = host.files().Read(path_, kMost);
    if (absl::IsNotFound(content.status())) {
      return std::vector<Difference>{{"content", Value::Absent(), wanted}};
    }
    RETURN_IF_ERROR(content.status());
    if (*content == wanted.AsString()) {
      return std::vector<Difference>{};
    }
    return std::vector<Difference>{{"content", *content, wanted}};
  }

  absl::Status Apply(std::span<const Difference> /*drift*/,
                     sys::Host& host,
                     Deadline /*deadline*/) const override {
    Did("text " + path_);
    if (declared_.Bool("broken", false)) {
      return FailedPrecondition("cannot write {}", declared_.String("content", ""));
    }
    if (declared_.Bool("flaky", false) && !Exists(host, "/flaky")) {
      RETURN_IF_ERROR(Write(host, "/flaky", ""));
      return Unavailable("try again");
    }
    return declared_.Bool("stubborn", false) ? absl::OkStatus()
                                             : Write(host, path_, declared_.String("content", ""));
  }

 private:
  std::string path_;
  Attributes declared_;
};

class Daemon final : public Resource, public resource::Refreshable {
 public:
  explicit Daemon(std::string_view name) : name_(name), path_(fmt::format("/run/{}", name)) {}

  Found Inspect(const sys::HostReader& host, Deadline /*deadline*/) const override {
    if (Exists(host, path_)) {
      return std::vector<Difference>{};
    }
    return std::vector<Difference>{{"running", false, true}};
  }

  absl::Status Apply(std::span<const Difference> /*drift*/,
                     sys::Host& host,
                     Deadline /*deadline*/) const override {
    Did("start " + name_);
    return Start(host);
  }

  absl::StatusOr<resource::Reaction> Refresh(resource::RefreshKind kind,
                                             sys::Host& host,
                                             Deadline /*deadline*/) const override {
    if (Exists(host, "/stopped/" + name_)) {
      return resource::Reaction::kNone;
    }
    Did((kind == resource::RefreshKind::kRestart ? "restart " : "reload ") + name_);
    if (Exists(host, "/broken/" + name_)) {
      return FailedPrecondition("{} does not come up", name_);
    }
    RETURN_IF_ERROR(Start(host));
    return kind == resource::RefreshKind::kRestart ? resource::Reaction::kRestarted
                                                   : resource::Reaction::kReloaded;
  }

  absl::StatusOr<absl::Time> LastRefresh(const sys::HostReader& host,
                                         Deadline /*deadline*/) const override {
    const absl::StatusOr<std::string> started = host.files().Read(path_, kMost);
    return started.ok() ? absl::FromUnixMicros(std::stoll(*started)) : absl::InfinitePast();
  }

 private:
  absl::Status Start(sys::Host& host) const {
    const absl::Time now = dynamic_cast<testing::FakeHost&>(host).clock().Now();
    return Write(host, path_, std::to_string(absl::ToUnixMicros(now)));
  }

  std::string name_;
  std::string path_;
};

// Done once a file exists.
class Once : public Resource {
 public:
  Once(std::string_view folder, std::string_view name)
      : name_(name), path_(fmt::format("/{}/{}", folder, name)) {}

  Found Inspect(const sys::HostReader& host, Deadline /*deadline*/) const override {
    if (Exists(host, path_)) {
      return std::vector<Difference>{};
    }
    return std::vector<Difference>{{"done", false, true}};
  }

  absl::Status Apply(std::span<const Difference> /*drift*/,
                     sys::Host& host,
                     Deadline /*deadline*/) const override {
    Did("step " + name_);
    return Do(host);
  }

  absl::Status Do(sys::Host& host) const {
    return name_.starts_with("bad") ? FailedPrecondition("{} cannot be done", name_)
                                    : Write(host, path_, "");
  }

  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::string path_;
};

class Watch final : public Resource {
 public:
  explicit Watch(const Attributes& attributes) : path_(attributes.String("file", "")) {}

  Found Inspect(const sys::HostReader& host, Deadline /*deadline*/) const override {
    if (Exists(host, path_)) {
      return std::vector<Difference>{};
    }
    return std::vector<Difference>{{"file", Value::Absent(), path_}};
  }

  absl::Status Apply(std::span<const Difference> /*drift*/,
                     sys::Host& host,
                     Deadline /*deadline*/) const override {
    return Exists(host, path_) ? absl::OkStatus() : FailedPrecondition("{} is not there", path_);
  }

 private:
  std::string path_;
};

std::vector<absl::Status> ApplyPacks(std::span<const resource::BatchItem> items,
                                     sys::Host& host,
                                     Deadline /*deadline*/) {
  std::string names;
  std::vector<absl::Status> statuses;
  for (const resource::BatchItem& item : items) {
    const auto* pack = dynamic_cast<const Once*>(item.resource);
    names += " " + pack->name();
    statuses.push_back(
        pack->name().starts_with("held")
            ? absl::ResourceExhaustedError("the lock is held by dpkg (pid 7: dpkg -i x)")
            : pack->Do(host));
  }
  Did("batch" + names);
  return statuses;
}

std::vector<absl::Status> ApplyPages(std::span<const resource::BatchItem> items,
                                     sys::Host& host,
                                     Deadline deadline) {
  std::vector<absl::Status> statuses;
  Did("pages " + std::to_string(items.size()));
  for (const resource::BatchItem& item : items) {
    statuses.push_back(item.resource->Apply(item.drift, host, deadline));
  }
  return statuses;
}

Schema TextSchema(std::string type) {
  Schema schema;
  schema.type = std::move(type);
  schema.attributes = {{.name = "content", .doc = "What is in it.", .required = true},
                       {.name = "owner", .doc = "Whose it is."},
                       {.name = "broken", .type = AttributeType::kBool, .doc = "A."},
                       {.name = "stubborn", .type = AttributeType::kBool, .doc = "B."},
                       {.name = "flaky", .type = AttributeType::kBool, .doc = "C."},
                       {.name = "password", .doc = "D.", .secret = true}};
  schema.canonical_name = &CanonicalName;
  schema.footprint = [](std::string_view name, const Attributes& attributes) {
    Footprint footprint;
    footprint.owns = {fmt::format("path:{}", name)};
    footprint.needs = {
        fmt::format("path:{}", name.substr(0, std::max<std::size_t>(1, name.rfind('/'))))};
    if (attributes.Has("owner")) {
      footprint.needs.push_back("user:" + attributes.String("owner", ""));
    }
    return footprint;
  };
  return schema;
}

template <char const* kPrefix>
Footprint OwnsNamed(std::string_view name, const Attributes& /*attributes*/) {
  return {{fmt::format("{}{}", kPrefix, name)}, {}, {}};
}

constexpr char kUnitPrefix[] = "unit:";
constexpr char kPackagePrefix[] = "package:";
constexpr char kStepPrefix[] = "step:";

Schema Plain(std::string type, Footprint (*footprint)(std::string_view, const Attributes&)) {
  Schema schema;
  schema.type = std::move(type);
  schema.attributes = {{.name = "file", .doc = "A file."}};
  schema.canonical_name = &CanonicalName;
  schema.footprint = footprint;
  return schema;
}

struct Types {
  Types() {
    step_schema.opaque = true;
    watch_schema.read_only = true;
  }

  Schema text_schema = TextSchema("text");
  Schema page_schema = TextSchema("page");
  Schema daemon_schema = Plain("daemon", &OwnsNamed<kUnitPrefix>);
  Schema pack_schema = Plain("pack", &OwnsNamed<kPackagePrefix>);
  Schema step_schema = Plain("step", &OwnsNamed<kStepPrefix>);
  Schema watch_schema = Plain("watch", &OwnsNamed<kStepPrefix>);

  ResourceType text{&text_schema, [](std::string_view name, const Attributes& attributes) {
                      return std::unique_ptr<Resource>(new Text(name, attributes));
                    }};
  ResourceType page{&page_schema, text.make, &ApplyPages, true};
  ResourceType daemon{&daemon_schema, [](std::string_view name, const Attributes& /*attributes*/) {
                        return std::unique_ptr<Resource>(new Daemon(name));
                      }};
  ResourceType pack{&pack_schema,
                    [](std::string_view name, const Attributes& /*attributes*/) {
                      return std::unique_ptr<Resource>(new Once("pkg", name));
                    },
                    &ApplyPacks};
  ResourceType step{&step_schema, [](std::string_view name, const Attributes& /*attributes*/) {
                      return std::unique_ptr<Resource>(new Once("done", name));
                    }};
  ResourceType watch{&watch_schema, [](std::string_view /*name*/, const Attributes& attributes) {
                       return std::unique_ptr<Resource>(new Watch(attributes));
                     }};
};

const ResourceType* Lookup(std::string_view type) {
  static const Types kTypes;
  for (const ResourceType* known :
       {&kTypes.text, &kTypes.page, &kTypes.daemon, &kTypes.pack, &kTypes.step, &kTypes.watch}) {
    if (known->schema->type == type) {
      return known;
    }
  }
  return nullptr;
}

}  // namespace

TypeLookup TypesForTest() {
  return &Lookup;
}

std::vector<std::string>& DoneForTest() {
  static std::vector<std::string> done;
  return done;
}

resource::Declaration& CatalogForTest::Add(std::string_view id, const Value::Map& declared) {
  resource::Declaration declaration;
  const std::size_t colon = id.find(':');
  declaration.type = id.substr(0, colon);
  declaration.name = id.substr(colon + 1);
  std::vector<std::string> errors;
  if (const ResourceType* type = Lookup(declaration.type)) {
    declaration.attributes =
        resource::Normalize(*type->schema, declaration.name, declared, &errors);
  }
  for (const std::string& error : errors) {
    std::cerr << id << ": " << error << "\n";
    std::abort();
  }
  declaration.position = {"init.lua", static_cast<int32_t>(catalog_.resources.size()) + 1, {}};
  catalog_.resources.push_back(std::move(declaration));
  return catalog_.resources.back();
}

void CatalogForTest::Relate(std::string_view later,
                            resource::RelationKind kind,
                            std::string_view earlier) {
  At(later).relations.push_back({kind, IndexOf(earlier)});
}

const resource::Catalog& CatalogForTest::Get() {
  std::vector<const Schema*> schemas;
  for (const resource::Declaration& declaration : catalog_.resources) {
    if (const ResourceType* type = Lookup(declaration.type)) {
      schemas.push_back(type->schema);
    }
  }
  if (schemas.size() == catalog_.resources.size()) {
    for (const std::string& error : resource::CheckGraph(catalog_, schemas)) {
      std::cerr << error << "\n";
      std::abort();
    }
  }
  return catalog_;
}

resource::Declaration& CatalogForTest::At(std::string_view id) {
  return catalog_.resources[IndexOf(id)];
}

std::size_t CatalogForTest::IndexOf(std::string_view id) const {
  for (std::size_t i = 0; i < catalog_.resources.size(); ++i) {
    if (catalog_.resources[i].Id() == id) {
      return i;
    }
  }
  std::cerr << "no resource " << id << "\n";
  std::abort();
}

}  // namespace fettle::engine
