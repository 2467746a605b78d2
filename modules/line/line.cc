// SPDX-License-Identifier: Apache-2.0
#include "modules/line/line.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/sys/host.h"
#include "modules/access.h"
#include "modules/line/edit.h"
#include "modules/line/pattern.h"
#include "modules/validate.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;
using sys::FileStat;

constexpr uint64_t kMostBytes = 16 << 20;
constexpr uint32_t kDefaultMode = 0644;

void ReplaceAll(std::string_view from, std::string_view to, std::string* text) {
  for (std::size_t at = text->find(from); at != std::string::npos;
       at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

// The patterns of a declaration, compiled; the schema checked them.
std::optional<Pattern> PatternOf(const Attributes& attributes, std::string_view name) {
  const std::string text = attributes.String(name, "");
  if (text.empty() || text == "EOF" || text == "BOF") {
    return std::nullopt;
  }
  return Pattern::Compile(text).value();
}

class LineResource final : public resource::Resource {
 public:
  LineResource(std::string_view name, Attributes attributes)
      : name_(name),
        declared_(std::move(attributes)),
        path_(declared_.String("path", "")),
        match_(PatternOf(declared_, "match")),
        after_(PatternOf(declared_, "insert_after")),
        before_(PatternOf(declared_, "insert_before")) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

 private:
  struct Seen {
    std::optional<FileStat> stat;  // nullopt: there is no such file.
    std::string text;
  };

  bool absent() const { return declared_.Bool("absent", false); }

  bool block() const { return declared_.Has("block"); }

  absl::StatusOr<Seen> Look(const sys::FileReader& files) const;
  absl::StatusOr<Edited> Edit(const std::string& text) const;
  Position InsertPosition() const;
  std::string Marker(std::string_view mark) const;
  bool Secret() const;
  Value Shown(const std::vector<std::string>& found) const;
  absl::StatusOr<sys::ReplaceOptions> Options(const Seen& seen,
                                              const sys::AccountReader& accounts) const;

  std::string name_;
  Attributes declared_;
  std::string path_;
  std::optional<Pattern> match_;
  std::optional<Pattern> after_;
  std::optional<Pattern> before_;
};

absl::StatusOr<LineResource::Seen> LineResource::Look(const sys::FileReader& files) const {
  Seen seen;
  ASSIGN_OR_RETURN(seen.stat, StatIfThere(files, path_));
  if (!seen.stat.has_value()) {
    return seen;
  }
  if (seen.stat->kind != sys::FileKind::kRegular) {
    return FailedPrecondition("{}: is a {}, no file; name the file that holds the lines",
                              path_,
                              KindText(seen.stat->kind));
  }
  ASSIGN_OR_RETURN(seen.text, files.Read(path_, kMostBytes));
  return seen;
}

std::string LineResource::Marker(std::string_view mark) const {
  std::string marker = declared_.String("marker", "# {mark} {name}");
  ReplaceAll("{mark}", mark, &marker);
  ReplaceAll("{name}", name_, &marker);
  return marker;
}

Position LineResource::InsertPosition() const {
  if (after_.has_value()) {
    return {Position::Where::kAfter, &*after_};
  }
  if (before_.has_value()) {
    return {Position::Where::kBefore, &*before_};
  }
  const bool begin = declared_.String("insert_before", "") == "BOF";
  return {begin ? Position::Where::kBegin : Position::Where::kEnd, nullptr};
}

absl::StatusOr<Edited> LineResource::Edit(const std::string& text) const {
  if (block()) {
    BlockEdit edit;
    edit.begin = Marker("BEGIN");
    edit.end = Marker("END");
    edit.body = declared_.String("block", "");
    edit.position = InsertPosition();
    edit.absent = absent();
    absl::StatusOr<Edited> edited = ApplyBlock(text, edit);
    return edited.ok() ? edited : Annotate(edited.status(), path_);
  }
  LineEdit edit;
  if (declared_.Has("line")) {
    edit.line = declared_.String("line", "");
  }
  edit.match = match_.has_value() ? &*match_ : nullptr;
  edit.position = InsertPosition();
  edit.absent = absent();
  return ApplyLine(text, edit);
}

bool LineResource::Secret() const {
  const Value* const value = declared_.Find(block() ? "block" : "line");
  return value != nullptr && value->HasSecret();
}

// One as it is, several as a list. What stands in a secret's place is as secret.
Value LineResource::Shown(const std::vector<std::string>& found) const {
  if (found.empty()) {
    return Value::Absent();
  }
  if (Secret()) {
    return Value::Secret(std::to_string(found.size()));
  }
  if (found.size() == 1) {
    return found.front();
  }
  Value::List list;
  for (const std::string& one : found) {
    list.emplace_back(one);
  }
  return list;
}

absl::StatusOr<std::vector<Difference>> LineResource::Inspect(const sys::HostReader& host,
                                                              Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the file"), path_));
  ASSIGN_OR_RETURN(const Seen seen, Look(host.files()));
  ASSIGN_OR_RETURN(const Edited edited, Edit(seen.text));
  std::vector<Difference> differences;
  if (edited.text == seen.text && (seen.stat.has_value() || absent())) {
    return differences;
  }
  const char* const what = block() ? "block" : "line";
  Value wanted = absent() ? Value::Absent() : *declared_.Find(what);
  differences.push_back({what, Shown(edited.found), std::move(wanted)});
  return differences;
}

absl::StatusOr<sys::ReplaceOptions> LineResource::Options(
    const Seen& seen, const sys::AccountReader& accounts) const {
  sys::ReplaceOptions options;
  options.expected = seen.stat;
  options.in_place = declared_.Bool("in_place", false);
  if (seen.stat.has_value()) {
    options.mode = seen.stat->mode;
    options.uid = seen.stat->uid;
    options.gid = seen.stat->gid;
    return options;
  }
  ASSIGN_OR_RETURN(const AccessIds access, ResolveAccess(AccessOf(declared_), accounts));
  options.mode = access.mode.value_or(kDefaultMode);
  options.uid = access.uid.value_or(0);
  options.gid = access.gid.value_or(0);
  return options;
}

absl::Status LineResource::Apply(std::span<const Difference> /*drift*/,
                                 sys::Host& host,
                                 Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("changing the file"), path_));
  ASSIGN_OR_RETURN(const Seen seen, Look(host.files()));
  ASSIGN_OR_RETURN(const Edited edited, Edit(seen.text));
  if (!seen.stat.has_value() && !declared_.Bool("create", false)) {
    return FailedPrecondition("{}: does not exist; declare it as a file, or say create = true",
                              path_);
  }
  if (seen.stat.has_value() && edited.text == seen.text) {
    return absl::OkStatus();  // Somebody was quicker.
  }
  ASSIGN_OR_RETURN(sys::ReplaceOptions options, Options(seen, host.accounts()));
  const Validator validator{declared_.StringList("validate"), Secret()};
  if (!validator.words.empty()) {
    options.validate = [&](const std::string& temporary) {
      return Annotate(RunValidator(validator, temporary, host, deadline), path_);
    };
  }
  return host.write_files().Replace(path_, edited.text, options);
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<LineResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& LineType() {
  static const resource::ResourceType kType{.schema = &LineSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
