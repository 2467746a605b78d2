// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "server/http/message.h"

// The console's files.
namespace fettle::server::http {

// What a path names below the folder: "assets/app-1a2b.js" of "/assets/app-1a2b.js", "index.html"
// of
// "/" and of every path whose last part has no dot (the pages of the console are the browser's own
// affair). "" for what may not be asked for: hidden files, "..", anything odd. Pure.
std::string FileOf(std::string_view path);

// "text/html; charset=utf-8" of "index.html"; "application/octet-stream" of what is not known.
// Pure.
std::string_view MimeTypeOf(std::string_view file);

// Whether the name holds a digest of the content, as a bundler writes it: assets/app-1a2B3c4d.js.
// Such a file never changes. Pure.
bool IsHashed(std::string_view file);

// Serves a folder of files that others install, as they are at each request. Safe from any thread.
class StaticFiles {
 public:
  explicit StaticFiles(std::string folder) : folder_(std::move(folder)) {}

  Response Handle(const Request& request) const;

 private:
  const std::string folder_;
};

}  // namespace fettle::server::http
