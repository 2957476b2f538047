// SPDX-License-Identifier: BSD-2-Clause
// Which packets are told of, and what they stand for (bpf/lib/sample.h).
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "weir/abi.h"

extern "C" {
#include "lib/sample.h"
}

namespace {

// What a CPU does, as bpf/samples.h has it.
struct Cpu {
  explicit Cpu(std::uint64_t begin = 0) : total(begin) { sampler.told = begin; }
  // Returns what the packet stands for; 0: it is not told of.
  std::uint64_t send(unsigned length, std::uint64_t second = 1) {
    const bool is_sampled = weir_is_sampled(&sampler, total, length);
    total += length;
    weir_sampler_pace(&sampler, total, second, WEIR_COARSE_BYTES);
    if (!is_sampled) return 0;
    times++;
    const std::uint64_t amount = weir_sampler_weigh(&sampler, total, length);
    weir_sampler_next(&sampler, total, has_room, static_cast<__u32>(random()), WEIR_COARSE_BYTES);
    return has_room ? amount : 0;
  }

  weir_sampler sampler{};
  std::uint64_t total = 0;
  int times = 0;
  bool has_room = true;
  std::mt19937 random{7};
};

TEST(Sample, NothingIsToldOfWhileItIsOff) {
  weir_sampler off{};
  off.shift = WEIR_SAMPLER_OFF;
  EXPECT_FALSE(weir_is_sampled(&off, 0, 1500));
  EXPECT_FALSE(weir_is_sampled(&off, 1ull << 40, 65'000));
}

TEST(Sample, OfFewEachIsToldOfAndStandsForItself) {
  Cpu cpu;
  for (std::uint64_t second = 1; second < 20; second++)
    for (int i = 0; i < WEIR_SAMPLES_A_SECOND; i++) EXPECT_EQ(cpu.send(60 + i, second), 60u + i);
}

TEST(Sample, OfManyASecondNotManyMoreAreToldOf) {
  Cpu cpu;
  for (std::uint64_t second = 1; second < 10; second++) {
    cpu.times = 0;
    for (int i = 0; i < 200'000; i++) cpu.send(60, second);
    EXPECT_LT(cpu.times, (second == 1 ? 8 : 2) * WEIR_SAMPLES_A_SECOND) << second;
    EXPECT_GT(cpu.times, WEIR_SAMPLES_A_SECOND / 8) << second;
  }
}

// 64 and 64 bytes, 64 and 1500, by turns and in runs: whatever the order.
TEST(Sample, EachSourceIsToldOfWithItsShare) {
  const struct {
    unsigned length[2];
    int run[2];
  } cases[] = {{{64, 64}, {1, 1}}, {{64, 1500}, {1, 1}}, {{64, 64}, {15, 1}}, {{60, 9000}, {3, 2}}};
  for (const auto& [length, run] : cases) {
    Cpu cpu;
    double sent[2] = {}, told[2] = {};
    std::uint64_t second = 1, packets = 0;
    while (packets < 3'000'000)
      for (int who = 0; who < 2; who++)
        for (int i = 0; i < run[who]; i++) {
          if (++packets % 300'000 == 0) second++;
          sent[who] += length[who];
          told[who] += static_cast<double>(cpu.send(length[who], second));
        }
    ASSERT_GT(cpu.times, 1000);
    for (int who = 0; who < 2; who++) {
      // Of n samples of which a share p is a source's, its own deviate by sqrt(p (1 - p) / n).
      const double share = sent[who] / (sent[0] + sent[1]);
      const double deviation = std::sqrt(share * (1 - share) / cpu.times) * (sent[0] + sent[1]);
      EXPECT_NEAR(told[who], sent[who], 4 * deviation)
          << length[0] << " and " << length[1] << ", " << run[0] << " and " << run[1];
    }
    EXPECT_NEAR(told[0] + told[1], sent[0] + sent[1], 0.02 * (sent[0] + sent[1]));
  }
}

TEST(Sample, AfterAFloodTheNextVisitorIsNotToldOfWithItsRest) {
  Cpu cpu;
  for (int i = 0; i < 2'000'000; i++) cpu.send(1500);
  ASSERT_GT(weir_sampler_shift(&cpu.sampler), WEIR_COARSE_BYTES);
  std::uint64_t told = 0, second = 2;
  for (; weir_sampler_shift(&cpu.sampler) != 0; second++) {
    ASSERT_LT(second, 40u) << "it becomes finer by a step a second";
    told += cpu.send(100, second);
  }
  EXPECT_LT(told, 20'000u);
  EXPECT_EQ(cpu.send(100, second), 100u) << "exact again";
}

TEST(Sample, WhatFindsNoRoomIsInTheNext) {
  Cpu cpu;
  EXPECT_EQ(cpu.send(100), 100u);
  cpu.has_room = false;
  for (int i = 0; i < 9; i++) EXPECT_EQ(cpu.send(100), 0u);
  cpu.has_room = true;
  EXPECT_EQ(cpu.send(60), 960u);
  cpu.has_room = false;
  for (int i = 0; i < 10'000'000; i++) cpu.send(1000);
  const std::uint64_t most = (1ull << weir_sampler_shift(&cpu.sampler)) + 1000;
  cpu.has_room = true;
  std::uint64_t amount = 0;
  while (amount == 0) amount = cpu.send(1000);
  EXPECT_LE(amount, most << WEIR_SAMPLES_IN_ONE) << "but not all of it for ever";
}

TEST(Sample, CountersThatRunOverAndSecondsThatGoBackAreSurvived) {
  Cpu cpu(~0ull - 5000);
  for (int i = 0; i < 200; i++) EXPECT_EQ(cpu.send(100, 1000 - i), 100u);
}

TEST(Sample, ItNeverBecomesCoarserThanCanBeTold) {
  Cpu cpu;
  for (int i = 0; i < 200; i++) weir_sampler_coarsen(&cpu.sampler, WEIR_COARSE_BYTES);
  EXPECT_EQ(weir_sampler_shift(&cpu.sampler), WEIR_COARSEST);
}

}  // namespace
