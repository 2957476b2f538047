// SPDX-License-Identifier: BSD-2-Clause
// The block that the kernel reads says the same as the settings it was made from.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

#include "config/encode.h"
#include "config/load.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(EncodeSettings, PutsTheModeAndTheServicesInOrder) {
  auto settings = default_settings().settings;
  settings.mode = WEIR_MODE_ENFORCE;
  const auto block = encode_settings(settings);
  EXPECT_EQ(block.mode, static_cast<__u32>(WEIR_MODE_ENFORCE));
  EXPECT_EQ(block.services[0].protocol, static_cast<__u32>(WEIR_PROTOCOL_HTTP));
  EXPECT_EQ(block.services[1].protocol, static_cast<__u32>(WEIR_PROTOCOL_TLS));
}

TEST(EncodeSettings, MapsExactlyTheNamedPorts) {
  auto settings = default_settings().settings;
  settings.services[1].ports = {443, 1, 65535};
  const auto block = encode_settings(settings);
  int named = 0;
  for (const auto service : block.port_service) named += service != 0;
  EXPECT_EQ(named, 5);
  EXPECT_EQ(block.port_service[80], 1);
  EXPECT_EQ(block.port_service[8080], 1);
  EXPECT_EQ(block.port_service[443], 2);
  EXPECT_EQ(block.port_service[1], 2);
  EXPECT_EQ(block.port_service[65535], 2);
}

struct MaskCase {
  int prefix4;
  std::uint32_t mask4;
  int prefix6;
  std::array<std::uint32_t, 4> mask6;
};

TEST(EncodeSettings, WritesMasksInNetworkByteOrder) {
  constexpr std::uint32_t kAll = 0xffffffff;
  constexpr MaskCase kCases[] = {
      {32, kAll, 64, {kAll, kAll, 0, 0}},
      {24, 0xffffff00, 128, {kAll, kAll, kAll, kAll}},
      {1, 0x80000000, 1, {0x80000000, 0, 0, 0}},
      {31, 0xfffffffe, 48, {kAll, 0xffff0000, 0, 0}},
      {8, 0xff000000, 127, {kAll, kAll, kAll, 0xfffffffe}},
      {9, 0xff800000, 32, {kAll, 0, 0, 0}},
      {16, 0xffff0000, 33, {kAll, 0x80000000, 0, 0}},
  };
  for (const auto& [prefix4, mask4, prefix6, mask6] : kCases) {
    Settings settings;
    settings.prefix4 = prefix4;
    settings.prefix6 = prefix6;
    const auto block = encode_settings(settings);
    EXPECT_EQ(ntohl(block.mask4), mask4) << prefix4;
    for (std::size_t i = 0; i < mask6.size(); ++i) {
      EXPECT_EQ(ntohl(block.mask6[i]), mask6[i]) << prefix6 << " word " << i;
    }
  }
}

Settings with_syn_limit(const Limit& limit) {
  auto settings = default_settings().settings;
  settings.services[0].limits[WEIR_EVENT_SYN] = limit;
  return settings;
}

TEST(EncodeSettings, CopiesALimitWithItsUnits) {
  const auto block = encode_settings(with_syn_limit({.start_throttle = 3,
                                                     .to_much = 7,
                                                     .timeout = 2s,
                                                     .window = WEIR_WINDOW_SLIDING,
                                                     .delay = 250ms,
                                                     .action = WEIR_ACTION_CHALLENGE}));
  const weir_limit& limit = block.services[0].limits[WEIR_EVENT_SYN];
  EXPECT_EQ(limit.enabled, 1U);
  EXPECT_EQ(limit.window, static_cast<__u32>(WEIR_WINDOW_SLIDING));
  EXPECT_EQ(limit.start_throttle, 3U);
  EXPECT_EQ(limit.to_much, 7U);
  EXPECT_EQ(limit.timeout_ms, 2000U);
  EXPECT_EQ(limit.delay_ms, 250U);
  EXPECT_EQ(limit.action, static_cast<__u32>(WEIR_ACTION_CHALLENGE));
  EXPECT_EQ(limit.epoch, 0);
}

TEST(EncodeSettings, LeavesAMissingLimitDisabled) {
  const auto block = encode_settings(default_settings().settings);
  EXPECT_EQ(block.services[0].limits[WEIR_EVENT_REQUEST].enabled, 1U);
  const weir_limit none{};
  EXPECT_EQ(std::memcmp(&block.services[1].limits[WEIR_EVENT_REQUEST], &none, sizeof none), 0);
}

struct SealCase {
  std::uint32_t to_much;
  Milliseconds timeout;
  int stride_shift;
  int tick_shift;
};

TEST(EncodeSettings, ChoosesStridesThatFitTheLogAndTicksThatDoNotWrap) {
  constexpr SealCase kCases[] = {
      {1, 1ms, 0, 0},  {64, 2s, 0, 0},      {65, 2s, 1, 0},       {128, 2s, 1, 0},
      {129, 2s, 2, 0}, {65535, 1ms, 10, 0}, {64, 24h * 7, 0, 13}, {65535, 24h * 7, 10, 23},
  };
  for (const auto& [to_much, timeout, stride_shift, tick_shift] : kCases) {
    const auto block = encode_settings(with_syn_limit({.start_throttle = 1,
                                                       .to_much = to_much,
                                                       .timeout = timeout,
                                                       .window = WEIR_WINDOW_SLIDING}));
    const weir_limit& limit = block.services[0].limits[WEIR_EVENT_SYN];
    EXPECT_EQ(limit.stride_shift, stride_shift) << to_much;
    EXPECT_EQ(limit.tick_shift, tick_shift) << to_much << " " << timeout.count();
    // What the numbers are for, whatever the rule that found them.
    EXPECT_GE(WEIR_SLIDE_SLOTS << limit.stride_shift, to_much);
    const auto reach = std::uint64_t{to_much} + 1 + (1U << limit.stride_shift);
    EXPECT_LT((std::uint64_t{limit.timeout_ms} >> limit.tick_shift) * reach, 1U << 23);
  }
}

TEST(EncodeSettings, OfTheDocumentedBoundsStaysWithinTheBlock) {
  Settings settings;
  for (std::uint16_t i = 0; i < WEIR_SERVICE_MAX; ++i) {
    Service service;
    service.name = "s" + std::to_string(i);
    service.ports = {static_cast<std::uint16_t>(i + 1)};
    settings.services.push_back(service);
  }
  ASSERT_TRUE(check_settings(settings));
  EXPECT_EQ(encode_settings(settings).port_service[WEIR_SERVICE_MAX], WEIR_SERVICE_MAX);
}

}  // namespace
}  // namespace weir
