// SPDX-License-Identifier: BSD-2-Clause
// The clocks that the bench reads.
#pragma once

#include <ctime>

namespace weir::bench {

inline double clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// This thread's CPU time, that of soft interrupts it was interrupted by included. Test runs
// report whole nanoseconds, too coarse where a program takes seven; the wall clock would count
// what others do on this CPU.
inline double thread_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }
inline double wall_ns() { return clock_ns(CLOCK_MONOTONIC); }

}  // namespace weir::bench
