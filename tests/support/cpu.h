// SPDX-License-Identifier: BSD-2-Clause
// Which CPU a thread runs on.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <stdexcept>
#include <string>

namespace weir::test {

// Keeps the calling thread on a CPU.
inline void pin_to(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0)
    throw std::runtime_error("cannot run on CPU " + std::to_string(cpu));
}

}  // namespace weir::test
