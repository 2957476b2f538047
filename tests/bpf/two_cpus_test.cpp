// SPDX-License-Identifier: BSD-2-Clause
// Two CPUs at one source, and settings that change while packets are judged.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "cpu.h"
#include "program.h"

namespace {

using namespace weir::test;

// On a machine with one CPU the threads share it.
void pin_to_one_of_two(unsigned cpu) {
  pin_to(cpu % std::max(1u, std::thread::hardware_concurrency()));
}

// Sends the same SYN `repeat` times from each of two CPUs; returns how many passed in all.
std::uint64_t flood(Program& program, int repeat) {
  const auto before = program.count(WEIR_REASON_UNDER_LIMIT);
  const Bytes frame = Packet::from("198.51.100.7").syn().build();
  std::atomic<int> ready{0};
  const auto send = [&](unsigned cpu) {
    pin_to_one_of_two(cpu);
    ready++;
    while (ready < 2) {
    }
    program.run(frame, Hook::kXdp, repeat);
  };
  std::thread one(send, 0u), two(send, 1u);
  one.join();
  two.join();
  return program.count(WEIR_REASON_UNDER_LIMIT) - before;
}

TEST(TwoCpus, AdmitExactlyTheLimitAWindowWhateverTheWindow) {
  for (const auto window : {WEIR_WINDOW_BURST, WEIR_WINDOW_SLIDING}) {
    Program program;
    program.limit(WEIR_EVENT_SYN, 64, 64, 2000, window);
    for (int round = 0; round < 20; round++) {
      EXPECT_EQ(flood(program, 50'000), 64u) << "window " << window << " round " << round;
      program.advance(2000);
    }
  }
}

TEST(TwoCpus, MakeOneEntryOfANewSource) {
  for (int round = 0; round < 20; round++) {
    Program program;
    program.limit(WEIR_EVENT_SYN, 1, 1, 2000);
    EXPECT_EQ(flood(program, 1000), 1u);
    EXPECT_EQ(program.stats().sources_added, 1u);
  }
}

// Two blocks that agree with themselves only: in A every SYN passes, in B every one is kicked.
// A packet judged by half of each would be throttled.
TEST(Settings, NoPacketIsJudgedByHalfOfAChange) {
  Program program(/*test_clock=*/false);
  auto& control = program.control();
  control.slots[1] = control.slots[0];
  for (int slot = 0; slot < 2; slot++) {
    weir_limit& limit = control.slots[slot].services[0].limits[WEIR_EVENT_SYN];
    limit.enabled = 1;
    limit.timeout_ms = 1000;
    limit.start_throttle = limit.to_much = slot == 0 ? ~0u : 0;
  }
  std::atomic<bool> done{false};
  std::thread writer([&] {
    pin_to_one_of_two(1);
    for (unsigned i = 0; !done; i++) {
      __atomic_store_n(&control.active, i & 1, __ATOMIC_RELEASE);
      // Without a pause the other CPU would hardly get to read the line.
      for (int pause = 0; pause < 500; pause++) asm volatile("" ::: "memory");
    }
  });
  pin_to_one_of_two(0);
  const Bytes syn = Packet::from("198.51.100.7").syn().build();
  // On a busy machine the writer may not run for a while: until both blocks have been in force.
  constexpr unsigned kRounds = 20, kMost = 400, kRuns = 100'000;
  unsigned rounds = 0;
  while (rounds < kMost && (rounds < kRounds || program.count(WEIR_REASON_OVER_LIMIT) == 0)) {
    program.run(syn, Hook::kXdp, kRuns);
    rounds++;
  }
  done = true;
  writer.join();
  const auto stats = program.stats();
  EXPECT_EQ(stats.reasons[WEIR_REASON_UNDER_LIMIT] + stats.reasons[WEIR_REASON_OVER_LIMIT],
            std::uint64_t{rounds} * kRuns);
  EXPECT_GT(stats.reasons[WEIR_REASON_UNDER_LIMIT], 0u);
  EXPECT_GT(stats.reasons[WEIR_REASON_OVER_LIMIT], 0u);
}

}  // namespace
