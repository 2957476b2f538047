// SPDX-License-Identifier: BSD-2-Clause
// For how long nothing has happened.
#pragma once

#include <cstdint>

namespace weir {

class Quiet {
 public:
  // Once a tick, with a counter of what may happen. Returns the ticks since it last changed.
  int tick(std::uint64_t count) {
    ticks_ = count == count_ ? ticks_ + 1 : 0;
    count_ = count;
    return ticks_;
  }

 private:
  std::uint64_t count_ = 0;
  int ticks_ = 0;
};

}  // namespace weir
