// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <systemd/sd-bus.h>

#include "lib/base/deadline.h"

namespace fettle::sys {

// Frees what sd-bus hands out.
struct BusDeleter {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }

  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};

using BusMessage = std::unique_ptr<sd_bus_message, BusDeleter>;

// The properties of an object that we understand, by name; others are passed over. Times and flags
// are numbers, lists of names are in `lists`.
struct BusProperties {
  std::map<std::string, std::string, std::less<>> texts;
  std::map<std::string, uint64_t, std::less<>> numbers;
  std::map<std::string, std::vector<std::string>, std::less<>> lists;

  std::string Text(std::string_view name) const;
  uint64_t Number(std::string_view name) const;
};

// One connection to systemd: to its private socket when we are root (that works without a message
// bus and in early boot), else to the system bus. One thread at a time.
class Bus {
 public:
  // kUnavailable when this host is not run by systemd or it does not answer.
  static absl::StatusOr<Bus> Connect();

  // A call of a method of systemd's manager object. `build` adds arguments (0 or a negative errno).
  // Errors carry what systemd said; kUnavailable when the connection is lost: connect anew.
  template <typename Build>
  absl::StatusOr<BusMessage> Call(const char* method, Deadline deadline, Build build) {
    sd_bus_message* raw = nullptr;
    if (const int error = NewCall(method, &raw); error < 0) {
      return Failure(-error, method);
    }
    BusMessage message(raw);
    if (const int error = build(raw); error < 0) {
      return Failure(-error, method);
    }
    return Send(message.get(), method, deadline);
  }

  // All properties of a unit, of all its interfaces, in one call. The unit is loaded if it is not
  // yet.
  absl::StatusOr<BusProperties> UnitProperties(const std::string& unit, Deadline deadline);

  sd_bus* get() const { return bus_.get(); }

 private:
  explicit Bus(sd_bus* bus) : bus_(bus) {}

  int NewCall(const char* method, sd_bus_message** message);
  absl::StatusOr<BusMessage> Send(sd_bus_message* message, const char* what, Deadline deadline);
  static absl::Status Failure(int error, std::string_view what);

  std::unique_ptr<sd_bus, BusDeleter> bus_;
};

}  // namespace fettle::sys
