// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/response_timers.h"

#include <spdlog/spdlog.h>

#include "dataplane/hooks.h"
#include "dataplane/kernel_object.h"

namespace weir {

void ResponseTimers::attach(InterfaceTable& table, const PinDirectory& pins) {
  for (auto record : table.records()) {
    const auto known = tried_.find(record.slot);
    if (!record.attach || (known != tried_.end() && known->second == record.ifindex) ||
        !is_attached(record, pins.link(record.slot)))
      continue;
    tried_[record.slot] = record.ifindex;
    auto object = KernelObject::load(pins.maps, HookKind::kEgress, record.slot, {});
    Result<bool> made = false;
    if (object)
      made = attach_tc(object->program_fd(), record.ifindex, pins.egress(record.slot),
                       TcSide::kEgress);
    else
      made = tl::unexpected(object.error());
    if (!made) {
      spdlog::warn("{}: how long answers take is not measured: {}", record.name,
                   made.error().message);
      continue;
    }
    record.owns_qdisc = record.owns_qdisc || *made;
    (void)table.write(record);
  }
}

}  // namespace weir
