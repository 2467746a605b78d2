// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/run_record.h"

#include <algorithm>
#include <utility>

#include "lib/base/bytes.h"

namespace fettle::undo {
namespace {

void Put(const Parts& parts, ByteWriter* out) {
  out->Number(parts.size());
  for (const auto& [part, bytes] : parts) {
    out->Text(part);
    out->Text(bytes);
  }
}

Parts GetParts(ByteReader* in) {
  Parts parts;
  const std::size_t count = in->Count(2);
  for (std::size_t i = 0; i < count && !in->failed(); ++i) {
    std::string part = in->Text();
    parts[std::move(part)] = in->Text();
  }
  return parts;
}

void Put(const Began& began, ByteWriter* out) {
  out->Text(began.run);
  out->Text(began.reason);
  out->Text(began.revision);
  out->Signed(absl::ToUnixMicros(began.at));
}

Began GetBegan(ByteReader* in) {
  Began began;
  began.run = in->Text();
  began.reason = in->Text();
  began.revision = in->Text();
  began.at = absl::FromUnixMicros(in->Signed());
  return began;
}

void Put(const Before& before, ByteWriter* out) {
  out->Texts(before.resources);
  out->Number(before.things.size());
  for (const ThingBefore& one : before.things) {
    out->Number(static_cast<uint64_t>(one.thing.kind));
    out->Text(one.thing.name);
    out->Text(one.unkept);
    Put(one.before, out);
  }
}

Before GetBefore(ByteReader* in) {
  Before before;
  before.resources = in->Texts();
  const std::size_t count = in->Count(4);
  for (std::size_t i = 0; i < count && !in->failed(); ++i) {
    ThingBefore& one = before.things.emplace_back();
    one.thing.kind = static_cast<Kind>(in->Number(static_cast<uint64_t>(Kind::kTarget)));
    one.thing.name = in->Text();
    one.unkept = in->Text();
    one.before = GetParts(in);
  }
  return before;
}

void Put(const After& after, ByteWriter* out) {
  out->Text(after.resource);
  out->Number(after.things.size());
  for (const Parts& parts : after.things) {
    Put(parts, out);
  }
}

After GetAfter(ByteReader* in) {
  After after;
  after.resource = in->Text();
  const std::size_t count = in->Count(1);
  for (std::size_t i = 0; i < count && !in->failed(); ++i) {
    after.things.push_back(GetParts(in));
  }
  return after;
}

void Put(const Told& told, ByteWriter* out) {
  out->Text(told.unit);
  out->Flag(told.kind == resource::RefreshKind::kRestart);
  out->Texts(told.sources);
}

Told GetTold(ByteReader* in) {
  Told told;
  told.unit = in->Text();
  told.kind = in->Flag() ? resource::RefreshKind::kRestart : resource::RefreshKind::kReload;
  told.sources = in->Texts();
  return told;
}

void Put(const Opaque& opaque, ByteWriter* out) {
  out->Text(opaque.resource);
  out->Text(opaque.why);
}

Opaque GetOpaque(ByteReader* in) {
  Opaque opaque;
  opaque.resource = in->Text();
  opaque.why = in->Text();
  return opaque;
}

void Put(const Ended& /*ended*/, ByteWriter* /*out*/) {}

void Put(const Undone& undone, ByteWriter* out) {
  out->Text(undone.by);
  out->Text(undone.reason);
  out->Signed(absl::ToUnixMicros(undone.at));
  out->Flag(undone.complete);
  out->Number(undone.outcomes.size());
  for (const Undone::Outcome& outcome : undone.outcomes) {
    out->Text(outcome.resource);
    out->Flag(outcome.put_back);
    out->Text(outcome.why_not);
  }
}

Undone GetUndone(ByteReader* in) {
  Undone undone;
  undone.by = in->Text();
  undone.reason = in->Text();
  undone.at = absl::FromUnixMicros(in->Signed());
  undone.complete = in->Flag();
  const std::size_t count = in->Count(3);
  for (std::size_t i = 0; i < count && !in->failed(); ++i) {
    Undone::Outcome& outcome = undone.outcomes.emplace_back();
    outcome.resource = in->Text();
    outcome.put_back = in->Flag();
    outcome.why_not = in->Text();
  }
  return undone;
}

void Put(const Reported& /*reported*/, ByteWriter* /*out*/) {}

// By the place of the kind in Record.
Record Get(uint64_t kind, ByteReader* in) {
  switch (kind) {
    case 0:
      return GetBegan(in);
    case 1:
      return GetBefore(in);
    case 2:
      return GetAfter(in);
    case 3:
      return GetTold(in);
    case 4:
      return GetOpaque(in);
    case 5:
      return Ended{};
    case 6:
      return GetUndone(in);
    default:
      return Reported{};
  }
}

bool Contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// A later look at what was before the same change takes the place of the first.
void AddBefore(Before before, std::vector<Change>* changes) {
  std::erase_if(*changes, [&](const Change& change) {
    return !change.after.has_value() && Contains(before.resources, change.resources.front());
  });
  changes->push_back({std::move(before.resources), std::move(before.things), std::nullopt});
}

void AddAfter(After after, std::vector<Change>* changes) {
  for (auto change = changes->rbegin(); change != changes->rend(); ++change) {
    if (Contains(change->resources, after.resource)) {
      if (after.things.size() == change->things.size()) {
        change->after = std::move(after.things);
      }
      return;
    }
  }
}

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace

std::string EncodeRecord(const Record& record) {
  ByteWriter out;
  out.Number(record.index());
  std::visit([&out](const auto& one) { Put(one, &out); }, record);
  return out.Take();
}

bool DecodeRecord(std::string_view bytes, Record* record) {
  ByteReader in(bytes);
  const uint64_t kind = in.Number(std::variant_size_v<Record> - 1);
  *record = Get(kind, &in);
  return !in.failed() && in.at_end();
}

void RunRecord::Add(Record record) {
  std::visit(Overloaded{[this](Began& one) { began = std::move(one); },
                        [this](Before& one) { AddBefore(std::move(one), &changes); },
                        [this](After& one) { AddAfter(std::move(one), &changes); },
                        [this](Told& one) { told.push_back(std::move(one)); },
                        [this](Opaque& one) { opaque.push_back(std::move(one)); },
                        [this](Ended& /*one*/) { ended = true; },
                        [this](Undone& one) {
                          undone.push_back(std::move(one));
                          untold = true;
                        },
                        [this](Reported& /*one*/) { untold = false; }},
             record);
}

}  // namespace fettle::undo
