-- A web server: package, configuration, service, and a check that it answers.

param "workers" { type = "integer", min = 1, default = 1, doc = "Worker processes." }
param "port"    { type = "integer", min = 1, max = 65535, default = 80, doc = "TCP port of the site." }

local nginx = package "nginx-light"

local conf = file "/etc/nginx/nginx.conf" {
  template = "nginx.conf",
  mode     = "0644",
  after    = nginx,
  validate = "nginx -t -q -c %s",   -- on the new file, before it takes the old one's place
  control  = "CIS-NGINX-2.3.1",
}

directory "/srv/www" { mode = "0755" }

file "/srv/www/index.html" { template = "index.html", mode = "0644" }

service "nginx" {
  running = true,
  enabled = true,
  after   = nginx,
  restart_on = conf,
}

check "the site answers" {
  http   = "http://127.0.0.1:" .. params.port .. "/",
  expect = 200,
  within = "10s",
}
