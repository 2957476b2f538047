// SPDX-License-Identifier: BSD-2-Clause
// Settings → the block that the kernel reads. Pure.
#include "config/encode.h"

#include <arpa/inet.h>

#include <algorithm>

#include "lib/window.h"

namespace weir {
namespace {

// The first `length` bits of a 32-bit word, in network byte order.
__be32 mask_word(int length) {
  const int bits = std::clamp(length, 0, 32);
  return htonl(bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits));
}

weir_limit encode_limit(const Limit& limit) {
  weir_limit encoded{};
  encoded.enabled = 1;
  encoded.window = limit.window;
  encoded.start_throttle = limit.start_throttle;
  encoded.to_much = limit.to_much;
  encoded.timeout_ms = static_cast<__u32>(limit.timeout.count());
  encoded.delay_ms = static_cast<__u32>(limit.delay.count());
  encoded.action = limit.action;
  weir_limit_seal(&encoded);
  return encoded;
}

weir_service encode_service(const Service& service) {
  weir_service encoded{};
  encoded.protocol = service.protocol;
  encoded.flood_rate = service.flood_rate;
  for (std::size_t event = 0; event < service.limits.size(); ++event) {
    if (service.limits[event]) encoded.limits[event] = encode_limit(*service.limits[event]);
  }
  return encoded;
}

}  // namespace

weir_settings encode_settings(const Settings& settings) {
  weir_settings block{};
  block.mode = settings.mode;
  block.mask4 = mask_word(settings.prefix4);
  for (int word = 0; word < 4; ++word) {
    block.mask6[word] = mask_word(settings.prefix6 - 32 * word);
  }
  // Bounded although checked settings never have more: this writes into a fixed array.
  const std::size_t count = std::min<std::size_t>(settings.services.size(), WEIR_SERVICE_MAX);
  for (std::size_t i = 0; i < count; ++i) {
    block.services[i] = encode_service(settings.services[i]);
    for (const std::uint16_t port : settings.services[i].ports) {
      block.port_service[port] = static_cast<__u8>(i + 1);
    }
  }
  return block;
}

}  // namespace weir
