// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/pins.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <optional>

#include "base/fd.h"
#include "dataplane/hooks.h"
#include "dataplane/interface_table.h"
#include "dataplane/kernel_object.h"
#include "dataplane/pin_directory.h"
#include "dataplane/syncookies.h"

namespace weir {

std::vector<std::string> pinned_interfaces(const std::string& pin_dir) {
  keep_libbpf_words();
  const PinDirectory pins = PinDirectory::under(pin_dir);
  const Fd map(bpf_obj_get((pins.maps + "/interfaces").c_str()));
  std::vector<std::string> names;
  if (!map) return names;
  for (const auto& record : InterfaceTable(map.get()).records())
    if (is_attached(record, pins.link(record.slot))) names.push_back(record.name);
  std::sort(names.begin(), names.end());
  return names;
}

Status detach_pinned(const std::string& pin_dir, const std::string& name) {
  keep_libbpf_words();
  const PinDirectory pins = PinDirectory::under(pin_dir);
  const Fd map(bpf_obj_get((pins.maps + "/interfaces").c_str()));
  if (!map)
    return fail(ErrorCode::kNotFound, name + " is not attached: no pins in " + pin_dir,
                "give the agent's --pin-dir, or run as root");
  InterfaceTable table(map.get());
  auto record = table.find(name);
  if (!record || !record->attach) return fail(ErrorCode::kNotFound, name + " is not attached");
  const std::string pin = pins.link(record->slot);
  const bool is_tc = *record->attach == Attach::kTc;
  (void)detach_tc(record->ifindex, pins.egress(record->slot), !is_tc && record->owns_qdisc,
                  TcSide::kEgress);
  if (is_tc) {
    if (auto done = detach_tc(record->ifindex, pin, record->owns_qdisc); !done) return done;
  } else {
    detach_xdp(pin);
  }
  record->attach.reset();
  record->owns_qdisc = false;
  if (auto written = table.write(*record); !written) return written;
  if (!pinned_interfaces(pin_dir).empty()) return {};
  // Nobody challenges any more, so the host need not take cookies.
  auto object = KernelObject::load(pins.maps, HookKind::kNone, 0, {});
  if (object) restore_syncookies(*object->control());
  return {};
}

}  // namespace weir
