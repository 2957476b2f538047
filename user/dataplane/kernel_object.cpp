// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/kernel_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "base/fd.h"
// The types of the maps' values, which the skeleton needs, come from kernel_object.h.
#include "weir.skel.h"

namespace weir {
namespace {

std::string& libbpf_words() {
  static std::string words;
  return words;
}

// Keeps what libbpf says instead of printing it: errors are told once, by whoever handles them.
int keep_words(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string text = line;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  // The verifier's log is pages long; its last line is what matters, and comes first here.
  if (text.size() < sizeof line - 1 && !text.empty()) libbpf_words() = text;
  return 0;
}

struct PinnedMap {
  bpf_map* map;
  const char* name;
  unsigned entries;  // 0: as the object says
};

// How many entries a table has that is pinned already; 0: it is not.
unsigned pinned_entries(const std::string& directory, const char* name) {
  const Fd map(bpf_obj_get((directory + "/" + name).c_str()));
  bpf_map_info info{};
  __u32 length = sizeof info;
  return map && bpf_obj_get_info_by_fd(map.get(), &info, &length) == 0 ? info.max_entries : 0;
}

// Of two tables that belong together either may be pinned.
unsigned sets_of(const std::string& directory, const char* sets, const char* ways,
                 unsigned ways_a_set, unsigned wanted) {
  if (const unsigned there = pinned_entries(directory, sets); there != 0) return there;
  if (const unsigned there = pinned_entries(directory, ways); there != 0) return there / ways_a_set;
  return std::max(1u, wanted);
}

TableSizes sizes_in(const std::string& directory, const TableSizes& wanted) {
  TableSizes sizes;
  const unsigned bursts = pinned_entries(directory, "bursts");
  sizes.burst_sets = bursts != 0 ? bursts : std::max(1u, wanted.burst_sets);
  sizes.slide_sets = sets_of(directory, "slide_ids", "slides", WEIR_ID_WAYS, wanted.slide_sets);
  sizes.ban_sets = sets_of(directory, "ban_sets", "bans", WEIR_BAN_WAYS, wanted.ban_sets);
  return sizes;
}

Status pin_maps(weir_bpf* skeleton, const std::string& directory, const TableSizes& sizes) {
  const auto& maps = skeleton->maps;
  const PinnedMap pinned[] = {
      {maps.bss, "control", 0},
      {maps.stats_by_slot, "stats_by_slot", 0},
      {maps.interfaces, "interfaces", 0},
      {maps.bursts, "bursts", sizes.burst_sets},
      {maps.tags, "tags", std::max(1u, sizes.burst_sets / 2)},
      {maps.notes, "notes", 0},
      {maps.slide_ids, "slide_ids", sizes.slide_sets},
      {maps.slide_tags, "slide_tags", sizes.slide_sets},
      {maps.slides, "slides", sizes.slide_sets * WEIR_ID_WAYS},
      {maps.locks, "locks", 0},
      {maps.ban_sets, "ban_sets", sizes.ban_sets},
      {maps.bans, "bans", sizes.ban_sets * WEIR_BAN_WAYS},
      {maps.ban_nets, "ban_nets", kNetEntries},
      {maps.allow_nets, "allow_nets", kNetEntries},
      {maps.held, "held", 0},
      {maps.conns, "conns", 0},
      {maps.floods, "floods", 0},
      {maps.trickles, "trickles", 0},
      {maps.courtesies, "courtesies", 0},
      {maps.turned, "turned", 0},
      {maps.running, "running", 0},
      {maps.paths, "paths", 0},
      {maps.suffixes, "suffixes", 0},
      {maps.notices, "notices", 0},
      {maps.rollback, "rollback", 0},
      {maps.asked, "asked", 0},
      {maps.answered, "answered", 0},
      {maps.answered_rules, "answered_rules", 0},
      {maps.requests, "requests", 0},
      {maps.samples, "samples", 0},
  };
  for (const auto& [map, name, entries] : pinned) {
    if (entries != 0 && bpf_map__set_max_entries(map, entries) != 0)
      return fail(ErrorCode::kSystem, std::string("sizing the table ") + name + " failed");
    if (bpf_map__set_pin_path(map, (directory + "/" + name).c_str()) != 0)
      return fail(ErrorCode::kSystem, std::string("naming the pin of ") + name + " failed");
  }
  return {};
}

// Where the data path finds the one field that it reads of a kernel structure.
constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";

Error load_error(int error) {
  std::string message = std::string("loading the BPF programs: ") + std::strerror(error);
  if (error == EPERM || error == EACCES)
    return {ErrorCode::kPermission, message,
            "run as root, or with the capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"};
  if (access(kKernelTypes, R_OK) != 0)
    return {ErrorCode::kSystem,
            message + ": the kernel's types (BTF) are missing: " + kKernelTypes + " cannot be read",
            "Weir needs a kernel with CONFIG_DEBUG_INFO_BTF, as Debian's are, and /sys mounted"};
  if (const std::string words = take_libbpf_words(); !words.empty()) message += " (" + words + ")";
  return {ErrorCode::kSystem, message, "Weir needs Linux 6.1 or newer with CONFIG_BPF_SYSCALL"};
}

}  // namespace

struct KernelObject::Impl {
  std::unique_ptr<weir_bpf, void (*)(weir_bpf*)> skeleton{nullptr, weir_bpf__destroy};
  HookKind hook = HookKind::kNone;
};

KernelObject::KernelObject(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KernelObject::KernelObject(KernelObject&&) noexcept = default;
KernelObject& KernelObject::operator=(KernelObject&&) noexcept = default;
KernelObject::~KernelObject() = default;

Result<KernelObject> KernelObject::load(const std::string& map_dir, HookKind hook, unsigned slot,
                                        const TableSizes& wanted) {
  keep_libbpf_words();
  auto impl = std::make_unique<Impl>();
  impl->hook = hook;
  impl->skeleton.reset(weir_bpf__open());
  if (!impl->skeleton) return tl::unexpected(load_error(errno));
  weir_bpf* skeleton = impl->skeleton.get();
  bpf_program__set_autoload(skeleton->progs.weir_xdp, hook == HookKind::kXdp);
  bpf_program__set_autoload(skeleton->progs.weir_tc, hook == HookKind::kTc);
  bpf_program__set_autoload(skeleton->progs.weir_egress, hook == HookKind::kEgress);
  bpf_program__set_autoload(skeleton->progs.weir_arm_rollback, hook == HookKind::kRollback);
  skeleton->rodata->weir_slot = slot;
  const TableSizes sizes = sizes_in(map_dir, wanted);
  skeleton->rodata->weir_can_challenge = can_challenge() ? 1 : 0;
  skeleton->rodata->weir_burst_mask = sizes.burst_sets - 1;
  skeleton->rodata->weir_slide_mask = sizes.slide_sets - 1;
  skeleton->rodata->weir_ban_mask = sizes.ban_sets - 1;
  skeleton->rodata->weir_new_budget = new_budget(sizes.sources());
  if (auto pinned = pin_maps(skeleton, map_dir, sizes); !pinned)
    return tl::unexpected(std::move(pinned.error()));
  if (const int error = weir_bpf__load(skeleton); error != 0)
    return tl::unexpected(load_error(-error));
  return KernelObject(std::move(impl));
}

int KernelObject::program_fd() const {
  switch (impl_->hook) {
    case HookKind::kNone:
      return -1;
    case HookKind::kXdp:
      return bpf_program__fd(impl_->skeleton->progs.weir_xdp);
    case HookKind::kTc:
      return bpf_program__fd(impl_->skeleton->progs.weir_tc);
    case HookKind::kEgress:
      return bpf_program__fd(impl_->skeleton->progs.weir_egress);
    case HookKind::kRollback:
      return bpf_program__fd(impl_->skeleton->progs.weir_arm_rollback);
  }
  return -1;
}

KernelMaps KernelObject::maps() const {
  const auto& maps = impl_->skeleton->maps;
  KernelMaps fds;
  fds.stats = bpf_map__fd(maps.stats_by_slot);
  fds.interfaces = bpf_map__fd(maps.interfaces);
  fds.bursts = bpf_map__fd(maps.bursts);
  fds.slide_ids = bpf_map__fd(maps.slide_ids);
  fds.slides = bpf_map__fd(maps.slides);
  fds.ban_sets = bpf_map__fd(maps.ban_sets);
  fds.bans = bpf_map__fd(maps.bans);
  fds.ban_nets = bpf_map__fd(maps.ban_nets);
  fds.allow_nets = bpf_map__fd(maps.allow_nets);
  fds.notices = bpf_map__fd(maps.notices);
  fds.paths = bpf_map__fd(maps.paths);
  fds.suffixes = bpf_map__fd(maps.suffixes);
  fds.answered = bpf_map__fd(maps.answered);
  fds.answered_rules = bpf_map__fd(maps.answered_rules);
  fds.requests = bpf_map__fd(maps.requests);
  fds.samples = bpf_map__fd(maps.samples);
  return fds;
}

bool KernelObject::can_challenge() {
  static const bool can =
      libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_raw_gen_syncookie_ipv4, nullptr) == 1;
  return can;
}

weir_control* KernelObject::control() const { return &impl_->skeleton->bss->weir_control; }

void keep_libbpf_words() { libbpf_set_print(keep_words); }

std::string take_libbpf_words() { return std::exchange(libbpf_words(), {}); }

}  // namespace weir
