// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/watch_units.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "absl/time/time.h"

#include "lib/base/status_macros.h"

namespace fettle::sys {
namespace {

constexpr char kUnitPrefix[] = "/org/freedesktop/systemd1/unit";
constexpr char kUnitInterface[] = "org.freedesktop.systemd1.Unit";
constexpr char kProperties[] = "org.freedesktop.DBus.Properties";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";

std::string UnitOfPath(const char* path) {
  char* name = nullptr;
  if (path == nullptr || sd_bus_path_decode(path, kUnitPrefix, &name) <= 0) {
    return "";
  }
  std::string unit = name;
  std::free(name);
  return unit;
}

// Whether the ActiveState among changed properties says that a unit is on its way; what is not said
// is taken as settled.
bool OnItsWay(sd_bus_message* message) {
  if (sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}") <= 0) {
    return false;
  }
  while (sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv") > 0) {
    const char* name = nullptr;
    if (sd_bus_message_read_basic(message, 's', &name) <= 0) {
      return false;
    }
    if (std::string_view(name) != "ActiveState") {
      if (sd_bus_message_skip(message, "v") < 0 || sd_bus_message_exit_container(message) < 0) {
        return false;
      }
      continue;
    }
    const char* value = nullptr;
    if (sd_bus_message_read(message, "v", "s", &value) <= 0) {
      return false;
    }
    return std::string_view(value).ends_with("ing");  // activating, deactivating, reloading
  }
  return false;
}

void Decode(sd_bus_message* message, std::vector<UnitEvent>* events) {
  if (sd_bus_message_is_signal(message, kProperties, "PropertiesChanged") > 0) {
    const char* interface = nullptr;
    std::string unit = UnitOfPath(sd_bus_message_get_path(message));
    if (unit.empty() || sd_bus_message_read_basic(message, 's', &interface) <= 0 ||
        std::string_view(interface) != kUnitInterface) {
      return;
    }
    events->push_back({std::move(unit), !OnItsWay(message)});
    return;
  }
  if (sd_bus_message_is_signal(message, kManager, "UnitFilesChanged") > 0) {
    events->push_back({"", true});
    return;
  }
  if (sd_bus_message_is_signal(message, kManager, "Reloading") > 0) {
    int active = 0;
    (void)sd_bus_message_read_basic(message, 'b', &active);
    events->push_back({"", active == 0});
  }
}

}  // namespace

absl::StatusOr<UnitWatch> UnitWatch::Connect() {
  ASSIGN_OR_RETURN(Bus bus, Bus::Connect());
  // Without it systemd tells only who listens on its private socket.
  ASSIGN_OR_RETURN(
      const BusMessage answer,
      bus.Call("Subscribe", Deadline::After(absl::Seconds(5)), [](sd_bus_message*) { return 0; }));
  return UnitWatch(std::move(bus));
}

int UnitWatch::fd() const {
  return sd_bus_get_fd(bus_.get());
}

bool UnitWatch::Read(std::vector<UnitEvent>* events) {
  while (true) {
    sd_bus_message* raw = nullptr;
    const int result = sd_bus_process(bus_.get(), &raw);
    const BusMessage message(raw);
    if (result < 0) {
      return false;
    }
    if (result == 0) {
      return sd_bus_is_open(bus_.get()) > 0;
    }
    if (message != nullptr) {
      Decode(message.get(), events);
    }
  }
}

}  // namespace fettle::sys
