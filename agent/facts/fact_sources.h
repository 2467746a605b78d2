// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lib/resource/value.h"
#include "lib/sys/files.h"

// One function a group of facts; each reads files alone.
namespace fettle::facts {

// The trimmed content of a small file; "" when it cannot be read.
std::string ReadTrimmed(const sys::FileReader& files, const std::string& path);

// Sets `name` unless `value` is empty.
void SetText(std::string_view name, std::string_view value, resource::Value::Map* facts);

// /etc/os-release.
resource::Value::Map OsFacts(const sys::FileReader& files);

resource::Value::Map CpuFacts(const sys::FileReader& files);
resource::Value::Map MemoryFacts(const sys::FileReader& files);
// What this machine is made of: "physical", or the kind of virtual machine or container.
std::string VirtualKind(const sys::FileReader& files);

resource::Value::Map NetworkFacts(const sys::FileReader& files);

}  // namespace fettle::facts
