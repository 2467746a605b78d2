// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"
#include "lib/sys/accounts.h"
#include "lib/sys/files.h"

// What the types that put something into the file system share: the attributes `mode`, `owner` and
// `group`. For modules/file, directory and line; nobody else.
namespace fettle::modules {

// As declared; nullopt: not managed.
struct Access {
  std::optional<uint32_t> mode;
  std::optional<std::string> owner;  // A local user's name, or a decimal uid.
  std::optional<std::string> group;  // A local group's name, or a decimal gid.
};

// As the kernel knows it.
struct AccessIds {
  std::optional<uint32_t> mode;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
};

// The declared `mode`, `owner` and `group`.
Access AccessOf(const resource::Attributes& attributes);

// Appends what differs: "mode", "owner", "group". `present` null: nothing is there, and everything
// declared differs. A user or group that does not exist (yet) is a difference, not an error.
absl::Status CompareAccess(const Access& wanted,
                           const sys::FileStat* present,
                           const sys::AccountReader& accounts,
                           std::vector<resource::Difference>* differences);

// Names turned into numbers; kFailedPrecondition when there is no such user or group.
absl::StatusOr<AccessIds> ResolveAccess(const Access& wanted, const sys::AccountReader& accounts);

// Whether `present` is as `wanted`; what is not wanted is right.
bool HasAccess(const sys::FileStat& present, const AccessIds& wanted);

// Sets mode, owner and group as they are; a number where there is no such user or group.
void DescribeAccess(const sys::FileStat& present,
                    const sys::AccountReader& accounts,
                    resource::Attributes* attributes);

// What is there, or nullopt when nothing is.
absl::StatusOr<std::optional<sys::FileStat>> StatIfThere(const sys::FileReader& files,
                                                         const std::string& path);

// "file", "directory", "link", "special file".
const char* KindText(sys::FileKind kind);

// "0644".
std::string ModeText(uint32_t mode);

// Whether `drift` lists `attribute`.
bool Lists(std::span<const resource::Difference> drift, std::string_view attribute);

}  // namespace fettle::modules
