// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/inputs_digest.h"

#include "lib/base/bytes.h"
#include "lib/resource/encode_value.h"

namespace fettle::recipe {
namespace {

void Put(const std::map<std::string, std::string>& texts, ByteWriter* writer) {
  writer->Number(texts.size());
  for (const auto& [key, value] : texts) {
    writer->Text(key);
    writer->Text(value);
  }
}

void Put(const resource::Value::Map& values, ByteWriter* writer) {
  writer->Text(resource::EncodeValue(values));
}

void Put(const policy::Tree& tree, ByteWriter* writer) {
  writer->Number(tree.files().size());
  for (const auto& [path, file] : tree.files()) {
    writer->Text(path);
    writer->Flag(file.executable);
    writer->Raw(file.digest.Raw());
  }
}

void Put(const Limits& limits, ByteWriter* writer) {
  writer->Number(limits.memory_bytes);
  writer->Number(limits.catalog_bytes);
  writer->Number(limits.instructions);
  writer->Signed(absl::ToInt64Nanoseconds(limits.wall));
  writer->Number(limits.resources);
  writer->Number(limits.includes);
  writer->Number(limits.problems);
}

}  // namespace

Digest InputsDigest(const EvaluateInput& input) {
  ByteWriter writer;
  Put(*input.tree, &writer);
  writer.Text(input.host);
  Put(input.facts, &writer);
  Put(input.labels, &writer);
  Put(input.secrets, &writer);
  writer.Flag(input.fleet.has_value());
  if (input.fleet.has_value()) {
    writer.Number(input.fleet->size());
    for (const FleetHost& host : *input.fleet) {
      writer.Text(host.name);
      Put(host.labels, &writer);
      Put(host.facts, &writer);
    }
  }
  writer.Text(input.recipe);
  Put(input.params, &writer);
  Put(input.limits, &writer);
  return Sha256(writer.bytes());
}

}  // namespace fettle::recipe
