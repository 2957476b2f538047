// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>

#include "base/netlink.h"
#include "dataplane/kernel_object.h"

namespace weir {
namespace {

// Ours among the filters of a clsact hook: early, and with a handle that says "weir".
constexpr std::uint32_t kTcPriority = 7;
constexpr std::uint32_t kTcHandle = 0x77656972;

__u32 flags_of(Attach mode) {
  return mode == Attach::kGeneric ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

std::uint32_t program_id(int fd) {
  bpf_prog_info info{};
  __u32 length = sizeof info;
  return bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info.id : 0;
}

// What the kernel said by netlink's extended acknowledgement, as libbpf has last printed it.
std::string quoted_kernel() {
  const std::string words = take_libbpf_words();
  if (const auto colon = words.find("message: "); colon != std::string::npos)
    return words.substr(colon + std::strlen("message: "));
  return {};
}

std::string in_brackets(const std::string& words) {
  return words.empty() ? "" : " (" + words + ")";
}

// bpf_link_create() gives an error number only; attaching by netlink has the kernel say why.
std::string kernel_words(int program_fd, unsigned ifindex, Attach mode) {
  take_libbpf_words();
  const __u32 flags = flags_of(mode) | XDP_FLAGS_UPDATE_IF_NOEXIST;
  LIBBPF_OPTS(bpf_xdp_attach_opts, options);
  if (bpf_xdp_attach(static_cast<int>(ifindex), program_fd, flags, &options) == 0) {
    options.old_prog_fd = program_fd;
    bpf_xdp_detach(static_cast<int>(ifindex), flags & ~XDP_FLAGS_UPDATE_IF_NOEXIST, &options);
    return {};
  }
  return quoted_kernel();
}

bpf_tc_hook hook_of(unsigned ifindex, TcSide side) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = side == TcSide::kEgress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
  return hook;
}

bpf_tc_opts our_filter() {
  bpf_tc_opts options{};
  options.sz = sizeof options;
  options.handle = kTcHandle;
  options.priority = kTcPriority;
  return options;
}

Status pin_object(int fd, const std::string& pin) {
  if (bpf_obj_pin(fd, pin.c_str()) != 0)
    return fail(ErrorCode::kSystem, fmt::format("pinning {}: {}", pin, std::strerror(errno)));
  return {};
}

}  // namespace

std::optional<ForeignProgram> xdp_program_on(unsigned ifindex) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  if (bpf_xdp_query(static_cast<int>(ifindex), 0, &query) != 0) return std::nullopt;
  ForeignProgram program;
  for (const __u32 id : {query.prog_id, query.drv_prog_id, query.skb_prog_id, query.hw_prog_id})
    if (program.id == 0) program.id = id;
  if (program.id == 0) return std::nullopt;
  const Fd fd(bpf_prog_get_fd_by_id(program.id));
  bpf_prog_info info{};
  __u32 length = sizeof info;
  if (fd && bpf_obj_get_info_by_fd(fd.get(), &info, &length) == 0) program.name = info.name;
  return program;
}

bool is_native(unsigned ifindex) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  return bpf_xdp_query(static_cast<int>(ifindex), 0, &query) == 0 &&
         query.attach_mode == XDP_ATTACHED_DRV;
}

Status attach_xdp(int program_fd, unsigned ifindex, Attach mode, const std::string& pin) {
  if (const auto foreign = xdp_program_on(ifindex))
    return fail(ErrorCode::kConflict,
                fmt::format("its XDP hook is taken by program \"{}\" (id {})",
                            foreign->name.empty() ? "?" : foreign->name, foreign->id),
                "Weir never takes it; detach that program first, or attach beside it with "
                "--attach tc");
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.flags = flags_of(mode);
  const Fd link(bpf_link_create(program_fd, static_cast<int>(ifindex), BPF_XDP, &options));
  if (!link) {
    const int error = errno;
    const std::string words = kernel_words(program_fd, ifindex, mode);
    return fail(
        error == EPERM ? ErrorCode::kPermission : ErrorCode::kSystem,
        fmt::format("{} XDP: {}{}", attach_name(mode), std::strerror(error), in_brackets(words)));
  }
  return pin_object(link.get(), pin);
}

unsigned xdp_link_ifindex(const std::string& pin) {
  const Fd link(bpf_obj_get(pin.c_str()));
  bpf_link_info info{};
  __u32 length = sizeof info;
  if (!link || bpf_obj_get_info_by_fd(link.get(), &info, &length) != 0 ||
      info.type != BPF_LINK_TYPE_XDP)
    return 0;
  return info.xdp.ifindex;
}

Fd program_behind(const std::string& pin) {
  Fd pinned(bpf_obj_get(pin.c_str()));
  bpf_link_info info{};
  __u32 length = sizeof info;
  if (!pinned || bpf_obj_get_info_by_fd(pinned.get(), &info, &length) != 0) return {};
  if (info.type == BPF_LINK_TYPE_XDP) return Fd(bpf_prog_get_fd_by_id(info.prog_id));
  return pinned;
}

void detach_xdp(const std::string& pin) {
  const Fd link(bpf_obj_get(pin.c_str()));
  // Removing the last reference detaches too, but some time later, in a kernel worker.
  if (link) bpf_link_detach(link.get());
  ::unlink(pin.c_str());
}

Result<bool> update_xdp(int program_fd, unsigned ifindex, const std::string& pin) {
  if (xdp_link_ifindex(pin) != ifindex) return false;
  const Fd link(bpf_obj_get(pin.c_str()));
  if (!link || bpf_link_update(link.get(), program_fd, nullptr) != 0)
    return fail(ErrorCode::kSystem,
                fmt::format("replacing the program of {}: {}", pin, std::strerror(errno)));
  return true;
}

namespace {

// While the filter's program is being replaced, the new one is pinned here.
std::string next_pin(const std::string& pin) { return pin + "-next"; }

// Whether the interface's clsact has any filter left, on either side (rtnetlink(7)).
bool has_tc_filters(unsigned ifindex) {
  const Fd netlink = open_netlink(NETLINK_ROUTE);
  bool has_any = false;
  for (const __u32 side : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
    struct {
      nlmsghdr header;
      tcmsg message;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETTFILTER;
    request.message.tcm_ifindex = static_cast<int>(ifindex);
    request.message.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
    const int error = dump_netlink(netlink.get(), request.header, [&](const nlmsghdr& message) {
      has_any = has_any || message.nlmsg_type == RTM_NEWTFILTER;
    });
    // Without an answer nothing must be taken from anybody. That there is no such qdisc is one.
    if (error != 0 && error != EINVAL && error != ENOENT) return true;
  }
  return has_any;
}

}  // namespace

bool is_tc_attached(unsigned ifindex, const std::string& pin, TcSide side) {
  const bpf_tc_hook hook = hook_of(ifindex, side);
  bpf_tc_opts filter = our_filter();
  if (bpf_tc_query(&hook, &filter) != 0) return false;
  for (const auto& path : {pin, next_pin(pin)}) {
    const Fd pinned(bpf_obj_get(path.c_str()));
    if (pinned && filter.prog_id == program_id(pinned.get())) return true;
  }
  return false;
}

unsigned tc_ifindex(const std::string& pin) {
  unsigned found = 0;
  struct if_nameindex* list = if_nameindex();
  for (const auto* entry = list; entry != nullptr && entry->if_index != 0; entry++)
    if (found == 0 && is_tc_attached(entry->if_index, pin)) found = entry->if_index;
  if_freenameindex(list);
  return found;
}

Result<bool> attach_tc(int program_fd, unsigned ifindex, const std::string& pin, TcSide side) {
  bpf_tc_hook hook = hook_of(ifindex, side);
  const bool is_ours = is_tc_attached(ifindex, pin, side);
  bpf_tc_opts there = our_filter();
  if (!is_ours && bpf_tc_query(&hook, &there) == 0)
    return fail(ErrorCode::kConflict,
                fmt::format("its tc hook has another Weir's filter (program id {})", there.prog_id),
                "detach that one first: weir detach --pin-dir ITS_PINS");
  take_libbpf_words();
  const int made = bpf_tc_hook_create(&hook);
  if (made != 0 && made != -EEXIST)
    return fail(ErrorCode::kSystem,
                fmt::format("tc: making the clsact qdisc: {}{}", std::strerror(-made),
                            in_brackets(quoted_kernel())));
  // The pins say which program is ours. At every moment one of them names the one that runs, so
  // that the next agent knows its own wherever this one is killed.
  const std::string next = next_pin(pin);
  ::unlink(next.c_str());
  if (auto pinned = pin_object(program_fd, next); !pinned)
    return tl::unexpected(std::move(pinned.error()));
  bpf_tc_opts filter = our_filter();
  filter.prog_fd = program_fd;
  filter.flags = is_ours ? BPF_TC_F_REPLACE : 0;
  take_libbpf_words();
  if (const int error = bpf_tc_attach(&hook, &filter); error != 0) {
    ::unlink(next.c_str());
    return fail(ErrorCode::kSystem,
                fmt::format("tc: {}{}", std::strerror(-error), in_brackets(quoted_kernel())));
  }
  ::unlink(pin.c_str());
  if (auto pinned = pin_object(program_fd, pin); !pinned)
    return tl::unexpected(std::move(pinned.error()));
  ::unlink(next.c_str());
  return made == 0;
}

Status detach_tc(unsigned ifindex, const std::string& pin, bool owns_qdisc, TcSide side) {
  bpf_tc_hook hook = hook_of(ifindex, side);
  if (is_tc_attached(ifindex, pin, side)) {
    bpf_tc_opts filter = our_filter();
    if (const int error = bpf_tc_detach(&hook, &filter); error != 0)
      return fail(ErrorCode::kSystem, fmt::format("tc: {}", std::strerror(-error)));
  }
  ::unlink(pin.c_str());
  ::unlink(next_pin(pin).c_str());
  if (owns_qdisc && !has_tc_filters(ifindex)) {
    hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
    bpf_tc_hook_destroy(&hook);
  }
  return {};
}

}  // namespace weir
