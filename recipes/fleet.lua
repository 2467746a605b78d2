-- Who gets what. Evaluated on every host: host.facts is what the host says of itself, host.labels what we say of it.

include "baseline"

if host.labels.role == "web" then
  include("nginx", { workers = host.facts.cpu.count })
end

-- A host that is being taken over is only looked at: what differs is reported, nothing is changed.
host.enforce = host.labels.mode ~= "audit"
