// SPDX-License-Identifier: BSD-2-Clause
#include "config/media.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {

void complete_media(std::vector<Service>& services,
                    const std::function<bool(const std::string& path)>& is_given) {
  for (Service& service : services) {
    const auto& requests = service.limits[WEIR_EVENT_REQUEST];
    auto& media = service.limits[WEIR_EVENT_MEDIA];
    if (service.protocol != WEIR_PROTOCOL_HTTP || !requests) continue;
    if (!media) media = kDefaultMedia;
    if (!is_given(fmt::format("services.{}.media.action", service.name)))
      media->action = requests->action;
  }
}

std::vector<std::string> default_media_suffixes() {
  return {"gif", "png",  "jpg", "jpeg", "webp", "avif",  "svg", "ico", "bmp",
          "css", "js",   "mjs", "map",  "woff", "woff2", "ttf", "otf", "eot",
          "mp4", "webm", "ogv", "mp3",  "ogg",  "m4a",   "m4v", "mov", "avi"};
}

std::string normal_suffix(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  std::string suffix(text);
  for (char& c : suffix)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return suffix;
}

bool is_suffix(std::string_view normal) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !normal.empty() && normal.size() <= WEIR_SUFFIX_MAX &&
         std::ranges::all_of(normal, allowed);
}

}  // namespace weir
