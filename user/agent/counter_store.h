// SPDX-License-Identifier: BSD-2-Clause
// The counters' way to the store and back: once a minute what is new, at start all there is.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "stats/counters.h"
#include "store/store.h"

namespace weir {

class CounterStore {
 public:
  // What the store has goes into the counters that there are; others' rows are left alone.
  Status load(Store& store, Counters& counters);
  // Writes what has come since the last time.
  Status save(Store& store, const Counters& counters);
  // The store may be another file by now: the next save() writes all there is.
  void doubt() { written_.clear(); }

 private:
  // How many points of a counter and period are in the store, of all there ever were.
  std::map<std::pair<std::string, Period>, std::uint64_t> written_;
};

}  // namespace weir
