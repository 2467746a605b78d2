// SPDX-License-Identifier: Apache-2.0
// `fettle init DIR`: a small policy tree to begin with.
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/local/local_commands.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/resource/schema.h"
#include "lib/sys/linux_host.h"

namespace fettle::cli {
namespace {

constexpr struct {
  const char* path;
  const char* content;
} kFiles[] = {
    {"fleet.lua", R"lua(-- Who gets what. Evaluated for every host.
--   host.facts   what the host says of itself: host.facts.os.id, host.facts.cpu.count …
--   host.labels  what you say of it:           fettle label web1 role=web
include "motd"

-- if host.labels.role == "web" then include "web" end
)lua"},
    {"recipes/motd/init.lua", R"lua(-- The recipe "motd": a greeting for whoever logs in.
param "owner" { type = "string", default = "nobody in particular", doc = "Whom to ask about this host." }

file "/etc/motd" {
  template = "motd",     -- templates/motd beside this file; sees host, params and data
  mode     = "0644",
}

-- fettle doc           lists the resource types
-- fettle doc file      shows every attribute of one
-- fettle plan .        shows what would change here, and changes nothing
)lua"},
    {"recipes/motd/templates/motd",
     "Welcome to <%= host.facts.hostname %>. This host is kept by Fettle; ask <%= params.owner "
     "%>.\n"},
};

absl::Status MakeTree(const std::string& directory) {
  char* const resolved = realpath(".", nullptr);
  const std::string here = resolved == nullptr ? "/" : resolved;
  free(resolved);
  ASSIGN_OR_RETURN(
      const std::string root,
      resource::CanonicalPath(directory.starts_with('/') ? directory : here + "/" + directory));
  const auto host = sys::MakeLinuxHost({});
  if (host->files().Stat(root + "/fleet.lua").ok()) {
    return absl::AlreadyExistsError(root + "/fleet.lua is there already; choose another folder");
  }
  const uint32_t uid = geteuid();
  const uint32_t gid = getegid();
  for (const char* const folder : {"", "/recipes", "/recipes/motd", "/recipes/motd/templates"}) {
    if (!host->files().Stat(root + folder).ok()) {
      RETURN_IF_ERROR(host->write_files().MakeDirectory(root + folder, 0755, uid, gid));
    }
  }
  for (const auto& file : kFiles) {
    sys::ReplaceOptions options;
    options.uid = uid;
    options.gid = gid;
    RETURN_IF_ERROR(host->write_files().Replace(root + "/" + file.path, file.content, options));
  }
  Print(fmt::format("Made a policy tree in {0}. Next: fettle plan {0}\n", root));
  return absl::OkStatus();
}

}  // namespace

void AddInitCommand(CLI::App& app, int* exit_code) {
  const auto directory = std::make_shared<std::string>(".");
  CLI::App* const command = app.add_subcommand("init", "Make a small policy tree to begin with");
  command->add_option("DIR", *directory, "Where; made if it is missing")->capture_default_str();
  command->callback([directory, exit_code] {
    if (const absl::Status status = MakeTree(*directory); !status.ok()) {
      PrintError("init", status);
      *exit_code = kExitError;
    }
  });
}

}  // namespace fettle::cli
