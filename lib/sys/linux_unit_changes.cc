// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <functional>
#include <map>

#include "absl/cleanup/cleanup.h"

#include "lib/base/status_macros.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/linux_units.h"

// The changing half of LinuxUnits.
namespace fettle::sys {
namespace {

constexpr int kNoArguments = 0;

// Ends of jobs that systemd has told of, by the job's object path.
using EndedJobs = std::map<std::string, std::string>;

int OnJobRemoved(sd_bus_message* message, void* context, sd_bus_error* /*error*/) {
  uint32_t id = 0;
  const char* path = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) >= 0) {
    (*static_cast<EndedJobs*>(context))[path] = result;
  }
  return 0;
}

absl::Status Subscribe(Bus& bus, EndedJobs& ended, Deadline deadline) {
  // Before the job is queued: it may have ended by the time its path is known. No sender is asked
  // for, since on the private socket messages carry none.
  const int error = sd_bus_add_match(bus.get(),
                                     nullptr,
                                     "type='signal',path='/org/freedesktop/systemd1',"
                                     "interface='org.freedesktop.systemd1.Manager',"
                                     "member='JobRemoved'",
                                     &OnJobRemoved,
                                     &ended);
  if (error < 0) {
    return Unavailable("systemd: cannot listen for the ends of jobs (error {})", -error);
  }
  return bus.Call("Subscribe", deadline, [](sd_bus_message*) { return kNoArguments; }).status();
}

absl::StatusOr<std::string> QueueJob(Bus& bus,
                                     const char* method,
                                     const std::string& name,
                                     Deadline deadline) {
  ASSIGN_OR_RETURN(const BusMessage reply, bus.Call(method, deadline, [&](sd_bus_message* call) {
    return sd_bus_message_append(call, "ss", name.c_str(), "replace");
  }));
  const char* path = nullptr;
  if (sd_bus_message_read(reply.get(), "o", &path) < 0) {
    return Internal("systemd: {} of {}: an answer without a job", method, name);
  }
  return path;
}

// Lets systemd's messages in until `job` has ended.
absl::StatusOr<std::string> AwaitJob(Bus& bus,
                                     const EndedJobs& ended,
                                     const std::string& job,
                                     Deadline deadline) {
  for (;;) {
    if (const auto found = ended.find(job); found != ended.end()) {
      return found->second;
    }
    int error = sd_bus_process(bus.get(), nullptr);
    if (error == 0) {
      if (deadline.expired()) {
        return DeadlineExceeded("not done in time; systemd goes on with it");
      }
      const auto left =
          deadline.Remaining() == absl::InfiniteDuration()
              ? UINT64_MAX
              : static_cast<uint64_t>(absl::ToInt64Microseconds(deadline.Remaining())) + 1;
      error = sd_bus_wait(bus.get(), left);
    }
    if (error < 0 && error != -EINTR) {
      return Unavailable("the connection to systemd was lost while waiting (error {})", -error);
    }
  }
}

// Calls a method on unit files by name, with flags `runtime` and, for some, `force`.
absl::Status ChangeUnitFiles(const char* method,
                             const std::string& name,
                             bool with_force,
                             Deadline deadline) {
  ASSIGN_OR_RETURN(Bus bus, Bus::Connect());
  const auto build = [&](sd_bus_message* call) {
    const int error = sd_bus_message_append(call, "asb", 1, name.c_str(), 0);
    return error < 0 || !with_force ? error : sd_bus_message_append(call, "b", 0);
  };
  RETURN_IF_ERROR(bus.Call(method, deadline, build).status());
  // As systemctl(1) does: until then systemd goes by the old links and calls the unit outdated.
  return bus.Call("Reload", deadline, [](sd_bus_message*) { return kNoArguments; }).status();
}

// Units made from /etc/init.d have no unit file to link; systemctl knows whom to ask.
absl::Status SwitchInitScript(const char* verb, const std::string& name, Deadline deadline) {
  Command command;
  command.argv = {"systemctl", "--no-ask-password", "--quiet", verb, "--", name};
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(command, deadline));
  return result.exit_code == 0 ? absl::OkStatus()
                               : FailedPrecondition("systemctl {} failed with exit code {}: {}",
                                                    verb,
                                                    result.exit_code,
                                                    result.Tail());
}

}  // namespace

absl::Status JobStatus(const std::string& result, const char* method, const std::string& name) {
  if (result == "done") {
    return absl::OkStatus();
  }
  if (result == "timeout") {
    return FailedPrecondition("{} of {}: systemd's own time limit for it passed", method, name);
  }
  if (result == "dependency") {
    return FailedPrecondition("{} of {}: a unit that it requires failed", method, name);
  }
  if (result == "canceled") {
    return Aborted("{} of {}: someone cancelled the job or asked for the opposite", method, name);
  }
  if (result == "skipped") {
    return FailedPrecondition(
        "{} of {}: it does not apply in the unit's present state", method, name);
  }
  return FailedPrecondition("{} of {}: the job ended as \"{}\"", method, name, result);
}

absl::Status LinuxUnits::RunJob(const char* method, const std::string& name, Deadline deadline) {
  RETURN_IF_ERROR(CheckUnitName(name));
  ASSIGN_OR_RETURN(Bus bus, Bus::Connect());
  EndedJobs ended;
  RETURN_IF_ERROR(Subscribe(bus, ended, deadline));
  const absl::StatusOr<std::string> job = QueueJob(bus, method, name, deadline);
  if (!job.ok()) {
    return Annotate(job.status(), name);
  }
  const absl::StatusOr<std::string> result = AwaitJob(bus, ended, *job, deadline);
  if (!result.ok()) {
    return WithJournal(Annotate(result.status(), fmt::format("{} of {}", method, name)), name);
  }
  return WithJournal(JobStatus(*result, method, name), name);
}

absl::Status LinuxUnits::Start(const std::string& name, Deadline deadline) {
  return RunJob("StartUnit", name, deadline);
}

absl::Status LinuxUnits::Stop(const std::string& name, Deadline deadline) {
  return RunJob("StopUnit", name, deadline);
}

absl::Status LinuxUnits::Restart(const std::string& name, Deadline deadline) {
  return RunJob("TryRestartUnit", name, deadline);
}

absl::Status LinuxUnits::Reload(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(const UnitState state, Unit(name, deadline));
  if (!state.active()) {
    return absl::OkStatus();
  }
  if (!state.can_reload) {
    return FailedPrecondition("{} cannot reload its configuration; restart it instead", name);
  }
  return RunJob("ReloadUnit", name, deadline);
}

absl::Status LinuxUnits::Enable(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(const UnitState state, Unit(name, deadline));
  if (state.unit_file_state == "generated") {
    return SwitchInitScript("enable", name, deadline);
  }
  return Annotate(ChangeUnitFiles("EnableUnitFiles", name, true, deadline),
                  fmt::format("enable {}", name));
}

absl::Status LinuxUnits::Disable(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(const UnitState state, Unit(name, deadline));
  if (state.unit_file_state == "generated") {
    return SwitchInitScript("disable", name, deadline);
  }
  return Annotate(ChangeUnitFiles("DisableUnitFiles", name, false, deadline),
                  fmt::format("disable {}", name));
}

absl::Status LinuxUnits::Mask(const std::string& name, Deadline deadline) {
  RETURN_IF_ERROR(CheckUnitName(name));
  return Annotate(ChangeUnitFiles("MaskUnitFiles", name, true, deadline),
                  fmt::format("mask {}", name));
}

absl::Status LinuxUnits::Unmask(const std::string& name, Deadline deadline) {
  RETURN_IF_ERROR(CheckUnitName(name));
  return Annotate(ChangeUnitFiles("UnmaskUnitFiles", name, false, deadline),
                  fmt::format("unmask {}", name));
}

absl::Status LinuxUnits::ReloadManager(Deadline deadline) {
  ASSIGN_OR_RETURN(Bus bus, Bus::Connect());
  return Annotate(
      bus.Call("Reload", deadline, [](sd_bus_message*) { return kNoArguments; }).status(),
      "daemon-reload");
}

std::vector<std::string> LinuxUnits::ActiveUnits() const {
  std::vector<std::string> names;
  absl::StatusOr<Bus> bus = Bus::Connect();
  if (!bus.ok()) {
    return names;
  }
  const absl::StatusOr<BusMessage> reply =
      bus->Call("ListUnitsFiltered", Deadline::After(absl::Seconds(10)), [](sd_bus_message* call) {
        return sd_bus_message_append(call, "as", 3, "active", "reloading", "activating");
      });
  if (!reply.ok() ||
      sd_bus_message_enter_container(reply->get(), SD_BUS_TYPE_ARRAY, "(ssssssouso)") < 0) {
    return names;
  }
  const char* name = nullptr;
  while (sd_bus_message_enter_container(reply->get(), SD_BUS_TYPE_STRUCT, "ssssssouso") > 0) {
    if (sd_bus_message_read(reply->get(), "s", &name) < 0 ||
        sd_bus_message_skip(reply->get(), "sssssouso") < 0 ||
        sd_bus_message_exit_container(reply->get()) < 0) {
      break;
    }
    names.emplace_back(name);
  }
  return names;
}

}  // namespace fettle::sys
