// SPDX-License-Identifier: Apache-2.0
#include "server/http/static_files.h"

#include <algorithm>
#include <array>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/digest/digest.h"
#include "lib/sys/linux_files.h"

namespace fettle::server::http {
namespace {

constexpr uint64_t kMaxFile = uint64_t{32} << 20;
constexpr std::size_t kMaxPath = 1024;
constexpr std::size_t kHash = 8;

struct MimeType {
  std::string_view ending;
  std::string_view type;
};

constexpr std::array<MimeType, 15> kMimeTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".pdf", "application/pdf"},
}};

bool IsPart(std::string_view part) {
  return !part.empty() && part.front() != '.' && part.find('\\') == std::string_view::npos &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
         });
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const sys::LinuxFiles files("", "");
  ASSIGN_OR_RETURN(const sys::FileStat stat, files.Stat(path));
  if (stat.kind != sys::FileKind::kRegular) {
    return NotFound("{} is no file", path);
  }
  return files.Read(path, kMaxFile);
}

}  // namespace

std::string FileOf(std::string_view path) {
  if (!path.starts_with('/') || path.size() > kMaxPath) {
    return "";
  }
  path.remove_prefix(1);
  if (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  if (path.empty()) {
    return "index.html";
  }
  const std::vector<std::string_view> parts = Split(path, '/');
  if (!std::all_of(parts.begin(), parts.end(), IsPart)) {
    return "";
  }
  return parts.back().find('.') == std::string_view::npos ? "index.html" : std::string(path);
}

std::string_view MimeTypeOf(std::string_view file) {
  for (const MimeType& one : kMimeTypes) {
    if (file.ends_with(one.ending)) {
      return one.type;
    }
  }
  return "application/octet-stream";
}

bool IsHashed(std::string_view file) {
  const std::string_view name = file.substr(file.rfind('/') + 1);
  const std::size_t dash = name.find('-');
  if (!file.starts_with("assets/") || dash == std::string_view::npos) {
    return false;
  }
  // The digest may hold dashes itself.
  const std::string_view rest = name.substr(dash + 1);
  return rest.substr(0, rest.find('.')).size() >= kHash;
}

Response StaticFiles::Handle(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    Response refused = TextResponse(405, "this is only to be looked at");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  const std::string file = FileOf(request.path);
  if (file.empty()) {
    return TextResponse(404, "there is no such page");
  }
  const std::string path = fmt::format("{}/{}", folder_, file);
  Response response;
  auto content = ReadFile(path);
  if (!content.ok()) {
    return TextResponse(
        404,
        file == "index.html"
            ? "the console is not installed on this server; the API is (docs/api.md)"
            : "there is no such page");
  }
  const std::string tag = fmt::format("\"{}\"", Sha256(*content).Hex().substr(0, 32));
  response.headers.insert(
      response.headers.end(),
      {{"Content-Type", std::string(MimeTypeOf(file))},
       {"Vary", "Accept-Encoding"},
       {"ETag", tag},
       {"Cache-Control", IsHashed(file) ? "public, max-age=31536000, immutable" : "no-cache"}});
  if (request.Header("if-none-match") == tag) {
    response.status = 304;
  } else {
    response.body = *std::move(content);
  }
  return response;
}

}  // namespace fettle::server::http
