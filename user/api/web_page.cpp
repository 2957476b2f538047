// SPDX-License-Identifier: BSD-2-Clause
#include "api/web_page.h"

#include <algorithm>
#include <array>

#include "base/address.h"

namespace weir {
namespace {

constexpr std::string_view kFolder = "/web/";

struct Type {
  std::string_view suffix;
  const char* name;
};
constexpr std::array<Type, 5> kTypes{{{".html", "text/html; charset=utf-8"},
                                      {".css", "text/css; charset=utf-8"},
                                      {".js", "text/javascript; charset=utf-8"},
                                      {".svg", "image/svg+xml"},
                                      {".LICENSE", "text/plain; charset=utf-8"}}};

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<WebPage> find_web_page(std::string_view path) {
  std::string_view name = "index.html";
  if (path != "/") {
    if (!path.starts_with(kFolder)) return std::nullopt;
    name = path.substr(kFolder.size());
  }
  for (const WebFile& file : web_files()) {
    if (file.name != name) continue;
    for (const Type& type : kTypes)
      if (name.ends_with(type.suffix)) return WebPage{type.name, file.content};
  }
  return std::nullopt;
}

const std::vector<WebHeader>& web_headers() {
  static const std::vector<WebHeader> kHeaders{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
       "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Referrer-Policy", "no-referrer"}};
  return kHeaders;
}

bool is_own_host(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view behind = host.substr(end + 1);
    if (!behind.empty() && (behind.front() != ':' || !is_port(behind.substr(1)))) return false;
    const std::string_view address = host.substr(1, end - 1);
    return address.find(':') != std::string_view::npos && Address::parse(address).has_value();
  }
  if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    if (!is_port(host.substr(colon + 1))) return false;
    host = host.substr(0, colon);
  }
  std::string lower(host);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower == "localhost" || Address::parse(lower).has_value();
}

}  // namespace weir
