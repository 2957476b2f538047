// SPDX-License-Identifier: BSD-2-Clause
#include "agent/watchdog.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <utility>

namespace weir {

Status check_self(const DataPlane& data_plane, const Store& store) {
  if (!data_plane.settings())
    return fail(ErrorCode::kSystem, "the data path has no settings in force");
  if (auto allowed = data_plane.allowed(); !allowed)
    return fail("reading the data path's tables", allowed.error());
  (void)store.changes();
  return {};
}

Watchdog::Watchdog(boost::asio::io_context& io, std::function<Status()> check)
    : timer_(io), check_(std::move(check)) {
  std::uint64_t interval = 0;
  if (sd_watchdog_enabled(0, &interval) <= 0) return;
  half_ = std::chrono::microseconds(interval / 2);
  beat();
}

void Watchdog::beat() {
  const Status well = check_();
  if (well)
    sd_notify(0, "WATCHDOG=1");
  else if (was_well_)
    spdlog::error("not well, systemd will restart this agent: {}", well.error().message);
  was_well_ = well.has_value();
  timer_.expires_after(half_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) beat();
  });
}

}  // namespace weir
