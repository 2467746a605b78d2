// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/bus.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "absl/cleanup/cleanup.h"
#include <systemd/sd-daemon.h>

#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"

namespace fettle::sys {
namespace {

constexpr char kService[] = "org.freedesktop.systemd1";
constexpr char kManagerPath[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
constexpr char kPrivateSocket[] = "unix:path=/run/systemd/private";
// A call without a deadline: systemd answers at once or is stuck.
constexpr absl::Duration kLongestCall = absl::Minutes(2);

absl::StatusCode CodeOf(const sd_bus_error& error) {
  const std::string_view name = error.name != nullptr ? error.name : "";
  if (name == "org.freedesktop.systemd1.NoSuchUnit") {
    return absl::StatusCode::kNotFound;
  }
  if (name == SD_BUS_ERROR_ACCESS_DENIED ||
      name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") {
    return absl::StatusCode::kPermissionDenied;
  }
  if (name == SD_BUS_ERROR_NO_REPLY || name == SD_BUS_ERROR_TIMEOUT) {
    return absl::StatusCode::kDeadlineExceeded;
  }
  if (name == SD_BUS_ERROR_DISCONNECTED || name == SD_BUS_ERROR_SERVICE_UNKNOWN ||
      name == SD_BUS_ERROR_NO_SERVER || name == "org.freedesktop.systemd1.ShuttingDown") {
    return absl::StatusCode::kUnavailable;
  }
  return name == SD_BUS_ERROR_INVALID_ARGS ? absl::StatusCode::kInvalidArgument
                                           : absl::StatusCode::kFailedPrecondition;
}

int Open(sd_bus** bus) {
  if (geteuid() != 0) {
    return sd_bus_open_system(bus);
  }
  int error = sd_bus_new(bus);
  error = error < 0 ? error : sd_bus_set_address(*bus, kPrivateSocket);
  return error < 0 ? error : sd_bus_start(*bus);
}

// Reads the value inside a variant that has been entered; types that no property of ours has are
// passed over.
int ReadInner(sd_bus_message* message,
              const std::string& name,
              std::string_view type,
              BusProperties& properties) {
  if (type == "s" || type == "o") {
    const char* text = nullptr;
    const int error = sd_bus_message_read_basic(message, type[0], &text);
    if (error > 0) {
      properties.texts[name] = text;
    }
    return error;
  }
  if (type == "b") {
    int flag = 0;
    const int error = sd_bus_message_read_basic(message, 'b', &flag);
    properties.numbers[name] = static_cast<uint64_t>(flag);
    return error;
  }
  if (type == "t") {
    uint64_t number = 0;
    const int error = sd_bus_message_read_basic(message, 't', &number);
    properties.numbers[name] = number;
    return error;
  }
  if (type == "as") {
    char** list = nullptr;
    const int error = sd_bus_message_read_strv(message, &list);
    for (char** item = list; error >= 0 && item != nullptr && *item != nullptr; ++item) {
      properties.lists[name].emplace_back(*item);
      free(*item);
    }
    free(list);
    return error;
  }
  return sd_bus_message_skip(message, type.data());
}

// Reads "{sv}", one property; 0 at the end of the array.
int ReadProperty(sd_bus_message* message, BusProperties& properties) {
  int error = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
  if (error <= 0) {
    return error;
  }
  const char* name = nullptr;
  const char* type = nullptr;
  error = sd_bus_message_read_basic(message, 's', &name);
  error = error < 0 ? error : sd_bus_message_peek_type(message, nullptr, &type);
  const std::string inner = error < 0 || type == nullptr ? "" : type;
  error = error < 0 ? error
                    : sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, inner.c_str());
  error = error < 0 ? error : ReadInner(message, name, inner, properties);
  error = error < 0 ? error : sd_bus_message_exit_container(message);
  error = error < 0 ? error : sd_bus_message_exit_container(message);
  return error < 0 ? error : 1;
}

}  // namespace

std::string BusProperties::Text(std::string_view name) const {
  const auto found = texts.find(name);
  return found == texts.end() ? "" : found->second;
}

uint64_t BusProperties::Number(std::string_view name) const {
  const auto found = numbers.find(name);
  return found == numbers.end() ? 0 : found->second;
}

absl::StatusOr<Bus> Bus::Connect() {
  if (sd_booted() <= 0) {
    return Unavailable(
        "systemd does not run this host (a container or rescue system?): its units cannot be "
        "managed");
  }
  sd_bus* raw = nullptr;
  const int error = Open(&raw);
  Bus bus(raw);
  if (error < 0) {
    return Unavailable("cannot reach systemd: {}", ErrnoText(-error));
  }
  return bus;
}

absl::Status Bus::Failure(int error, std::string_view what) {
  if (error == ENOTCONN || error == ECONNRESET || error == EPIPE || error == ESHUTDOWN) {
    return Unavailable("systemd: {}: connection lost", what);
  }
  return ErrnoStatus(error, "ask systemd for", what);
}

int Bus::NewCall(const char* method, sd_bus_message** message) {
  return sd_bus_message_new_method_call(
      bus_.get(), message, kService, kManagerPath, kManager, method);
}

absl::StatusOr<BusMessage> Bus::Send(sd_bus_message* message, const char* what, Deadline deadline) {
  const absl::Duration left = std::min(deadline.Remaining(), kLongestCall);
  if (left <= absl::ZeroDuration()) {
    return DeadlineExceeded("systemd: {}: out of time", what);
  }
  sd_bus_error said = SD_BUS_ERROR_NULL;
  const absl::Cleanup free_said = [&said] { sd_bus_error_free(&said); };
  sd_bus_message* reply = nullptr;
  const auto microseconds = static_cast<uint64_t>(absl::ToInt64Microseconds(left)) + 1;
  const int error = sd_bus_call(bus_.get(), message, microseconds, &said, &reply);
  if (error < 0) {
    if (error == -ENOTCONN || error == -ECONNRESET || sd_bus_error_is_set(&said) == 0) {
      return Failure(-error, what);
    }
    return absl::Status(
        CodeOf(said),
        fmt::format("systemd: {}", said.message != nullptr ? said.message : said.name));
  }
  return BusMessage(reply);
}

absl::StatusOr<BusProperties> Bus::UnitProperties(const std::string& unit, Deadline deadline) {
  char* path = nullptr;
  int error = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &path);
  const absl::Cleanup free_path = [&path] { free(path); };
  sd_bus_message* raw = nullptr;
  // The empty interface stands for all of them.
  error = error < 0
              ? error
              : sd_bus_message_new_method_call(
                    bus_.get(), &raw, kService, path, "org.freedesktop.DBus.Properties", "GetAll");
  const BusMessage call(raw);
  error = error < 0 ? error : sd_bus_message_append(raw, "s", "");
  if (error < 0) {
    return Failure(-error, unit);
  }
  ASSIGN_OR_RETURN(const BusMessage reply, Send(raw, unit.c_str(), deadline));
  BusProperties properties;
  error = sd_bus_message_enter_container(reply.get(), SD_BUS_TYPE_ARRAY, "{sv}");
  while (error > 0) {
    error = ReadProperty(reply.get(), properties);
  }
  if (error < 0) {
    return Failure(-error, unit);
  }
  return properties;
}

}  // namespace fettle::sys
