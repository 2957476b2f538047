// SPDX-License-Identifier: BSD-2-Clause
// Configuration files: whatever is accepted holds, can be shown and encoded; whatever is refused
// says why on one line.
#include "config/encode.h"
#include "config/load.h"
#include "fuzz.h"

using namespace weir;

namespace {

// Each value that a command may change can be set to what it is, and nothing else changes.
void check_round_trip(const Settings& settings) {
  Settings copy = settings;
  for (const auto& path : value_paths(settings)) {
    const std::string value = get_value(settings, path);
    (void)set_value(copy, path, value);
  }
  WEIR_CHECK(copy == settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto loaded = parse_settings(text_of(data, size), "weir.toml");
  if (!loaded) {
    WEIR_CHECK(!loaded.error().message.empty());
    WEIR_CHECK(is_one_line(loaded.error().message));
    WEIR_CHECK(is_one_line(loaded.error().hint));
    return 0;
  }
  const Settings& settings = loaded->settings;
  WEIR_CHECK(check_settings(settings));
  for (const auto& path : value_paths(settings)) WEIR_CHECK(loaded->origins.count(path) == 1);
  for (const auto& notice : loaded->notices) WEIR_CHECK(is_one_line(notice));
  check_round_trip(settings);

  const weir_settings block = encode_settings(settings);
  for (std::size_t i = 0; i < settings.services.size(); i++)
    for (const auto port : settings.services[i].ports)
      WEIR_CHECK(block.port_service[port] == i + 1);
  return 0;
}
