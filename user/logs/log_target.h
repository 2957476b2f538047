// SPDX-License-Identifier: BSD-2-Clause
// Where lines are written to for somebody else to read. The agent's loop waits for none of them:
// what cannot be written now is kept for a while, and what there is no room to keep is counted.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace weir {

struct LogCounts {
  std::uint64_t written = 0;  // lines
  std::uint64_t lost = 0;
};

class LogTarget {
 public:
  virtual ~LogTarget() = default;
  // A line without its end, for the next flush().
  virtual void add(std::string_view line) = 0;
  // Writes what waits, as far as it can. An Error says why not all of it; what is left is tried
  // again by the next one. `now`: boot clock.
  virtual Status flush(BootNs now) = 0;
  // Whoever turns logs over says that it has done so.
  virtual void reopen() {}
  [[nodiscard]] virtual bool has_more() const = 0;
  [[nodiscard]] virtual LogCounts counts() const = 0;
};

}  // namespace weir
