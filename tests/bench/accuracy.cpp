// SPDX-License-Identifier: BSD-2-Clause
// How many events Weir admits beside an oracle that keeps every event's time: one CPU, and two at
// one source at the same time, for both windows. Prints JSON. Needs root; attaches nothing.
#include <atomic>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "cpu.h"
#include "program.h"

namespace {

using namespace weir::test;

constexpr unsigned kLimit = 64, kTimeoutMs = 2000;

// DESIGN.md, section 2, in as few words as possible: every event counts, admitted or not.
class Oracle {
 public:
  explicit Oracle(weir_window window) : window_(window) {}
  bool admits(std::uint64_t now) {
    if (window_ == WEIR_WINDOW_BURST) {
      if (!times_.empty() && now - times_.back() >= kTimeoutMs) times_.clear();
    } else {
      while (!times_.empty() && now - times_.front() >= kTimeoutMs) times_.pop_front();
    }
    times_.push_back(now);
    return times_.size() <= kLimit;
  }

 private:
  weir_window window_;
  std::deque<std::uint64_t> times_;
};

// `events` of one source at the same moment from each of so many CPUs.
void hit(Program& program, const Bytes& frame, unsigned cpus, int events) {
  std::atomic<unsigned> ready{0};
  std::vector<std::thread> crowd;
  for (unsigned cpu = 0; cpu < cpus; cpu++)
    crowd.emplace_back([&, cpu] {
      pin_to(cpu);
      ready++;
      while (ready < cpus) {
      }
      program.run(frame, Hook::kXdp, events);
    });
  for (auto& thread : crowd) thread.join();
}

nlohmann::ordered_json compare(weir_window window, unsigned cpus, int moments) {
  Program program;
  program.limit(WEIR_EVENT_SYN, kLimit, kLimit, kTimeoutMs, window);
  const Bytes frame = Packet::from("198.51.100.7").syn().build();
  Oracle oracle(window);
  std::mt19937 random(cpus);
  std::uint64_t events = 0, admitted = 0, expected = 0;
  int wrong = 0;
  for (int moment = 0; moment < moments; moment++) {
    // Mostly a few events and short gaps, now and then a pause or a flood.
    program.advance(random() % 8 ? random() % 200 : random() % 3000);
    const int each = random() % 16 ? static_cast<int>(1 + random() % 10) : 20'000;
    const auto before = program.count(WEIR_REASON_UNDER_LIMIT);
    hit(program, frame, cpus, each);
    const auto got = program.count(WEIR_REASON_UNDER_LIMIT) - before;
    std::uint64_t want = 0;
    for (unsigned i = 0; i < static_cast<unsigned>(each) * cpus; i++)
      want += oracle.admits(program.now());
    events += static_cast<std::uint64_t>(each) * cpus;
    admitted += got;
    expected += want;
    wrong += got != want;
  }
  return {{"window", window == WEIR_WINDOW_BURST ? "burst" : "sliding"},
          {"cpus", cpus},
          {"events", events},
          {"counted", program.stats().events[0][WEIR_EVENT_SYN][0].events},
          {"admitted", admitted},
          {"oracle", expected},
          {"moments", moments},
          {"wrongMoments", wrong}};
}

}  // namespace

int main(int argc, char** argv) try {
  const int moments = argc > 1 ? std::atoi(argv[1]) : 1000;
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  auto rows = nlohmann::ordered_json::array();
  for (const auto window : {WEIR_WINDOW_BURST, WEIR_WINDOW_SLIDING})
    for (unsigned cpus = 1; cpus <= std::min(2u, std::thread::hardware_concurrency()); cpus++)
      rows.push_back(compare(window, cpus, moments));
  std::cout << rows.dump() << std::endl;
  return 0;
} catch (const std::exception& error) {
  std::cerr << "weir_accuracy: " << error.what() << '\n';
  return 1;
}
