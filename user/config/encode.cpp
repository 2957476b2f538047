// SPDX-License-Identifier: BSD-2-Clause
// Settings → the block that the kernel reads. Pure.
#include "config/encode.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "config/kick_reply.h"
#include "config/path_prefix.h"
#include "lib/answer.h"
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

weir_limit encode_limit(const Service& service, Event event) {
  if (!service.limits[event]) return {};
  Limit limit = *service.limits[event];
  limit.action = effective_action(service, event, limit.action);
  return encode_limit(limit);
}

// Kick number `after` within its time is the first over the limit.
weir_limit encode_ban(const BanRule& rule) {
  return encode_limit({.start_throttle = rule.after - 1,
                       .to_much = rule.after - 1,
                       .timeout = rule.within,
                       .window = WEIR_WINDOW_SLIDING});
}

weir_path_rule encode_rule(const Service& service, std::size_t index, const PathRule& rule) {
  weir_path_rule encoded{};
  encoded.limit = encode_limit(limit_of(service, rule));
  encoded.service = static_cast<__u32>(index + 1);
  encoded.bans = rule.ban ? 1 : 0;
  // Bounded although checked settings have no longer ones: this writes into a fixed array.
  const std::string prefix = normal_prefix(rule.prefix).value_or("/");
  encoded.length = static_cast<__u32>(prefix.copy(encoded.prefix, sizeof encoded.prefix));
  return encoded;
}

weir_reply encode_reply(const std::string& page) {
  weir_reply encoded{};
  encoded.length = static_cast<__u32>(kick_reply(page).copy(encoded.text, sizeof encoded.text));
  __be32 words[WEIR_REPLY_MAX / sizeof(__be32)];
  static_assert(sizeof words == sizeof encoded.text, "the padding of the last word too");
  std::memcpy(words, encoded.text, sizeof words);
  encoded.sum = static_cast<__u16>(~weir_fold(weir_sum(words, std::size(words), 0)));
  return encoded;
}

weir_service encode_service(const Service& service) {
  weir_service encoded{};
  encoded.protocol = service.protocol;
  encoded.flood_rate = service.flood_rate;
  for (std::size_t event = 0; event < service.limits.size(); ++event) {
    encoded.limits[event] = encode_limit(service, static_cast<Event>(event));
  }
  if (service.ban) encoded.ban = encode_ban(*service.ban);
  encoded.repeats = service.refuses_repeats() ? 1 : 0;
  encoded.has_rules = service.paths.empty() ? 0 : 1;
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
  std::size_t rules = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Service& service = settings.services[i];
    block.services[i] = encode_service(service);
    for (const std::uint16_t port : service.ports) {
      block.port_service[port] = static_cast<__u8>(i + 1);
    }
    for (const PathRule& rule : service.paths) {
      if (rules < WEIR_RULE_MAX) block.rules[rules++] = encode_rule(service, i, rule);
    }
  }
  // One less than there is room for: the empty one ends them.
  const std::size_t suffixes =
      std::min<std::size_t>(settings.media_suffixes.size(), WEIR_SUFFIX_COUNT - 1);
  for (std::size_t i = 0; i < suffixes; ++i) {
    settings.media_suffixes[i].copy(block.suffixes[i], WEIR_SUFFIX_MAX);
  }
  block.reply = encode_reply(settings.reply_text);
  return block;
}

}  // namespace weir
