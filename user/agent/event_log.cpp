// SPDX-License-Identifier: BSD-2-Clause
#include "agent/event_log.h"

#include <cstring>

#include "agent/request_line.h"
#include "bans/ladder.h"
#include "config/names.h"

namespace weir {

void EventLog::add(EventView event) {
  recent_.push_back(std::move(event));
  if (recent_.size() > kKept) recent_.pop_front();
  if (listener_) listener_(recent_.back());
}

EventView event_of(const weir_notice& notice, const Settings& settings,
                   const std::vector<InterfaceState>& interfaces, WallTime wall, BootNs boot) {
  EventView event;
  const auto age = std::chrono::nanoseconds(static_cast<std::int64_t>(boot - notice.time_ns));
  event.time = wall - std::chrono::duration_cast<Milliseconds>(age);
  const auto reason = static_cast<weir_reason>(notice.reason);
  const weir_verdict verdict = weir_reason_verdict(reason);
  // "ban" is the making of one; this is a packet that met it.
  event.kind = verdict == WEIR_VERDICT_BAN ? "banned" : std::string(name_of(verdict));
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), notice.addr, bytes.size());
  // Malformed packets may not even have a source.
  if (bytes != std::array<std::uint8_t, 16>{}) event.address = Address(bytes);
  if (notice.service > 0 && notice.service <= settings.services.size())
    event.service = settings.services[notice.service - 1U].name;
  if (notice.count > 0 && notice.event < WEIR_EVENT_COUNT)
    event.event = name_of(static_cast<weir_event>(notice.event));
  event.count = notice.count;
  if (notice.head_length > 0)
    event.path =
        request_line({notice.head, std::min<std::size_t>(notice.head_length, sizeof notice.head)})
            .path;
  event.reason = name_of(reason);
  event.rule = path_rule_name(notice, settings);
  event.observed = notice.observed != 0;
  if (!event.observed && (verdict == WEIR_VERDICT_KICK || verdict == WEIR_VERDICT_BAN))
    event.action = name_of(static_cast<weir_action>(notice.action));
  for (const auto& interface : interfaces)
    if (interface.slot == notice.interface) event.interface = interface.name;
  return event;
}

}  // namespace weir
