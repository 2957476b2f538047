// SPDX-License-Identifier: BSD-2-Clause
// Connections whose server's half is to be closed, and when. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace weir {

// A TCP connection of this host.
struct Connection {
  Address local, remote;
  std::uint16_t local_port = 0, remote_port = 0;
  auto operator<=>(const Connection&) const = default;
};

class Closings {
 public:
  static constexpr std::size_t kMost = 4096;

  // Enters a connection; one that waits already goes on waiting. `due` never goes back from call to
  // call. When there is no room, returns the one that has waited longest: it is closed early.
  std::optional<Connection> add(const Connection& connection, BootNs due);
  std::vector<Connection> take_due(BootNs now);
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  struct Waiting {
    Connection connection;
    BootNs due = 0;
  };
  Connection take_first();

  std::deque<Waiting> waiting_;
  std::set<Connection> known_;
};

}  // namespace weir
