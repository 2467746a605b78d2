-- What every host has: a message of the day, an operator account, kernel settings, a nightly job.

param "admins" { type = "table", default = data "admins", doc = "Accounts that may log in, by name." }

package "tree"

group "operators" { system = true }

for name, admin in pairs(params.admins) do
  user(name) {
    comment = admin.comment,
    shell   = "/bin/bash",
    groups  = { "operators" },
    doc     = "An administrator of this fleet.",
  }
end

directory "/etc/fettle-demo" { mode = "0755" }

file "/etc/motd" {
  template = "motd",
  mode     = "0644",
  control  = "CIS-1.7.1",
}

file "/etc/fettle-demo/policy.txt" {
  source = "policy.txt",
  mode   = "0640",
  group  = "operators",
}

link "/etc/fettle-demo/latest" { target = "policy.txt" }

line "no core dumps" {
  path  = "/etc/security/limits.conf",
  line  = "* hard core 0",
  match = [=[^\*[[:space:]]+hard[[:space:]]+core]=],
  control = "CIS-1.5.4",
}

sysctl "fs.protected_hardlinks" { value = "1", control = "OWN-LINKS" }

cron "disk-report" {
  minute  = "7",
  hour    = "3",
  command = "df -h > /var/log/disk-report.txt",
}
