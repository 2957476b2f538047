// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/closings.h"

namespace weir {

Connection Closings::take_first() {
  const Connection first = waiting_.front().connection;
  waiting_.pop_front();
  known_.erase(first);
  return first;
}

std::optional<Connection> Closings::add(const Connection& connection, BootNs due) {
  if (!known_.insert(connection).second) return std::nullopt;
  waiting_.push_back({connection, due});
  if (waiting_.size() <= kMost) return std::nullopt;
  return take_first();
}

std::vector<Connection> Closings::take_due(BootNs now) {
  std::vector<Connection> due;
  while (!waiting_.empty() && waiting_.front().due <= now) due.push_back(take_first());
  return due;
}

}  // namespace weir
