// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/record.h"

#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"

namespace fettle::journal {
namespace {

constexpr std::size_t kDigestBytes = 32;

void PutTime(absl::Time time, ByteWriter* out) {
  out->Signed(absl::ToUnixMicros(time));
}

absl::Time GetTime(ByteReader* in) {
  return absl::FromUnixMicros(in->Signed());
}

void Put(const Intent& intent, ByteWriter* out) {
  out->Text(intent.run);
  PutTime(intent.at, out);
  out->Texts(intent.folders);
  out->Number(intent.entries.size());
  for (const Intent::Entry& entry : intent.entries) {
    out->Text(entry.id);
    out->Number(entry.targets.size());
    for (const Intent::Target& target : entry.targets) {
      out->Text(target.id);
      out->Flag(target.kind == resource::RefreshKind::kRestart);
    }
  }
}

Intent GetIntent(ByteReader* in) {
  Intent intent;
  intent.run = in->Text();
  intent.at = GetTime(in);
  intent.folders = in->Texts();
  const std::size_t entries = in->Count(2);
  for (std::size_t i = 0; i < entries && !in->failed(); ++i) {
    Intent::Entry& entry = intent.entries.emplace_back();
    entry.id = in->Text();
    const std::size_t targets = in->Count(2);
    for (std::size_t k = 0; k < targets && !in->failed(); ++k) {
      Intent::Target& target = entry.targets.emplace_back();
      target.id = in->Text();
      target.kind = in->Flag() ? resource::RefreshKind::kRestart : resource::RefreshKind::kReload;
    }
  }
  return intent;
}

void Put(const AtRest& at_rest, ByteWriter* out) {
  PutTime(at_rest.at, out);
  out->Number(at_rest.entries.size());
  for (const AtRest::Entry& entry : at_rest.entries) {
    out->Text(entry.id);
    out->Number(entry.known.declaration);
    out->Number(entry.known.marks.size());
    for (const Mark& mark : entry.known.marks) {
      out->Text(mark.attribute);
      out->Number(mark.declared);
      out->Number(mark.set);
      out->Text(mark.shown);
    }
  }
}

AtRest GetAtRest(ByteReader* in) {
  AtRest at_rest;
  at_rest.at = GetTime(in);
  const std::size_t entries = in->Count(3);
  for (std::size_t i = 0; i < entries && !in->failed(); ++i) {
    AtRest::Entry& entry = at_rest.entries.emplace_back();
    entry.id = in->Text();
    entry.known.declaration = in->Number();
    const std::size_t marks = in->Count(4);
    entry.known.marks.reserve(marks);
    for (std::size_t k = 0; k < marks && !in->failed(); ++k) {
      Mark& mark = entry.known.marks.emplace_back();
      mark.attribute = in->Text();
      mark.declared = in->Number();
      mark.set = in->Number();
      mark.shown = in->Text();
    }
  }
  return at_rest;
}

void Put(const Failed& failed, ByteWriter* out) {
  out->Texts(failed.ids);
}

void Put(const Refreshed& refreshed, ByteWriter* out) {
  out->Texts(refreshed.ids);
}

void Put(const Settled& settled, ByteWriter* out) {
  out->Raw(settled.catalog.Raw());
}

void Put(const Forgotten& forgotten, ByteWriter* out) {
  out->Texts(forgotten.ids);
}

void Put(const Withdrawn& withdrawn, ByteWriter* out) {
  out->Texts(withdrawn.ids);
}

// By the place of the kind in Record.
Record Get(uint64_t kind, ByteReader* in) {
  switch (kind) {
    case 0:
      return GetIntent(in);
    case 1:
      return GetAtRest(in);
    case 2:
      return Failed{in->Texts()};
    case 3:
      return Refreshed{in->Texts()};
    case 4: {
      const absl::StatusOr<Digest> digest = Digest::FromRaw(in->Raw(kDigestBytes));
      return Settled{digest.ok() ? *digest : Digest()};
    }
    case 5:
      return Forgotten{in->Texts()};
    default:
      return Withdrawn{in->Texts()};
  }
}

}  // namespace

std::string EncodeRecord(const Record& record) {
  ByteWriter out;
  out.Number(record.index());
  std::visit([&out](const auto& one) { Put(one, &out); }, record);
  return out.Take();
}

absl::StatusOr<Record> DecodeRecord(std::string_view bytes) {
  ByteReader in(bytes);
  const uint64_t kind = in.Number(std::variant_size_v<Record> - 1);
  Record record = Get(kind, &in);
  if (in.failed() || !in.at_end()) {
    return InvalidArgument("a record of {} bytes makes no sense", bytes.size());
  }
  return record;
}

}  // namespace fettle::journal
