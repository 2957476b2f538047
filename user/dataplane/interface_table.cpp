// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/interface_table.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "dataplane/hooks.h"

namespace weir {
namespace {

__u32 number_of(Attach attach) {
  switch (attach) {
    case Attach::kNative:
      return WEIR_ATTACH_NATIVE;
    case Attach::kGeneric:
      return WEIR_ATTACH_GENERIC;
    case Attach::kTc:
      return WEIR_ATTACH_TC;
    case Attach::kAuto:
      break;
  }
  return 0;
}

std::optional<Attach> attach_of(__u32 number) {
  for (const Attach attach : {Attach::kNative, Attach::kGeneric, Attach::kTc})
    if (number_of(attach) == number) return attach;
  return std::nullopt;
}

InterfaceRecord record_of(unsigned slot, const weir_interface& value) {
  return {slot, std::string(value.name, strnlen(value.name, sizeof value.name)), value.ifindex,
          attach_of(value.attach), (value.flags & WEIR_QDISC_OURS) != 0};
}

}  // namespace

std::vector<InterfaceRecord> InterfaceTable::records() const {
  std::vector<InterfaceRecord> records;
  for (unsigned slot = 0; slot < WEIR_INTERFACE_MAX; slot++) {
    weir_interface value{};
    if (bpf_map_lookup_elem(map_, &slot, &value) == 0 && value.name[0] != '\0')
      records.push_back(record_of(slot, value));
  }
  return records;
}

std::optional<InterfaceRecord> InterfaceTable::find(const std::string& name) const {
  for (auto& record : records())
    if (record.name == name) return record;
  return std::nullopt;
}

Result<InterfaceRecord> InterfaceTable::claim(const std::string& name) const {
  if (auto record = find(name)) return *record;
  for (unsigned slot = 0; slot < WEIR_INTERFACE_MAX; slot++) {
    weir_interface value{};
    if (bpf_map_lookup_elem(map_, &slot, &value) == 0 && value.name[0] == '\0')
      return InterfaceRecord{slot, name, 0, std::nullopt, false};
  }
  return fail(ErrorCode::kConflict,
              fmt::format("all {} interface slots are in use", WEIR_INTERFACE_MAX),
              "run a second agent with its own --pin-dir, --state-dir and --socket");
}

Status InterfaceTable::write(const InterfaceRecord& record) {
  weir_interface value{};
  record.name.copy(value.name, sizeof value.name - 1);
  value.ifindex = record.ifindex;
  value.attach = record.attach ? number_of(*record.attach) : 0;
  value.flags = record.owns_qdisc ? WEIR_QDISC_OURS : 0;
  if (bpf_map_update_elem(map_, &record.slot, &value, BPF_ANY) != 0)
    return fail(ErrorCode::kSystem,
                fmt::format("recording interface {}: {}", record.name, std::strerror(errno)));
  return {};
}

void adopt_orphans(InterfaceTable& table, const PinDirectory& pins) {
  const auto records = table.records();
  const auto is_known = [&](unsigned slot) {
    return std::any_of(records.begin(), records.end(), [slot](const InterfaceRecord& record) {
      return record.slot == slot && record.attach;
    });
  };
  for (unsigned slot = 0; slot < WEIR_INTERFACE_MAX; slot++) {
    const std::string pin = pins.link(slot);
    if (is_known(slot) || access(pin.c_str(), F_OK) != 0) continue;
    InterfaceRecord record{slot, {}, xdp_link_ifindex(pin), std::nullopt, false};
    if (record.ifindex != 0) {
      record.attach = is_native(record.ifindex) ? Attach::kNative : Attach::kGeneric;
    } else {
      record.ifindex = tc_ifindex(pin);
      record.attach = Attach::kTc;
    }
    char name[IF_NAMESIZE] = {};
    if (record.ifindex == 0 || if_indextoname(record.ifindex, name) == nullptr) {
      ::unlink(pin.c_str());  // of an interface that is gone
      continue;
    }
    record.name = name;
    if (!table.find(name)) (void)table.write(record);
  }
}

bool is_attached(const InterfaceRecord& record, const std::string& pin) {
  if (!record.attach) return false;
  if (*record.attach == Attach::kTc)
    return if_nametoindex(record.name.c_str()) == record.ifindex &&
           is_tc_attached(record.ifindex, pin);
  return record.ifindex != 0 && xdp_link_ifindex(pin) == record.ifindex;
}

}  // namespace weir
