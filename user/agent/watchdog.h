// SPDX-License-Identifier: BSD-2-Clause
// systemd's watchdog: fed from the event loop, so that a loop that hangs is not, and only while
// the agent finds itself well, so that one that cannot do its work is restarted.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "base/result.h"
#include "dataplane/dataplane.h"
#include "store/store.h"

namespace weir {

// What a restart mends: tables that cannot be read any more, settings that are gone. A store that
// reports errors is not among that, for a disk is not mended by a restart and bans go on without
// it; but it is asked, so that one that does not answer at all stops the feeding.
Status check_self(const DataPlane& data_plane, const Store& store);

class Watchdog {
 public:
  // Does nothing unless systemd asked for it (WATCHDOG_USEC). Feeds at half of the interval that
  // systemd waits for.
  Watchdog(boost::asio::io_context& io, std::function<Status()> check);

 private:
  void beat();

  boost::asio::steady_timer timer_;
  std::function<Status()> check_;
  std::chrono::microseconds half_{0};
  bool was_well_ = true;
};

}  // namespace weir
