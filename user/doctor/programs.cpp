// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

#include <iterator>

#include "base/fd.h"
#include "doctor/netlink.h"

namespace weir::doctor {
namespace {

// <linux/bpf.h> of Linux 6.6 and newer; Debian 12 has older headers.
constexpr int kTcxIngress = 46, kTcxEgress = 47;

// Only who has CAP_SYS_ADMIN may.
std::string program_name(unsigned id) {
  const Fd fd(bpf_prog_get_fd_by_id(id));
  bpf_prog_info info{};
  __u32 length = sizeof info;
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &length) != 0) return {};
  return info.name;
}

void add_xdp(std::vector<Program>& programs, unsigned index) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  if (bpf_xdp_query(static_cast<int>(index), 0, &query) != 0) return;
  const struct {
    const char* hook;
    unsigned id;
  } hooks[] = {{"xdp (native)", query.drv_prog_id},
               {"xdp (generic)", query.skb_prog_id},
               {"xdp (in the card)", query.hw_prog_id}};
  for (const auto& [hook, id] : hooks)
    if (id != 0) programs.push_back({hook, id, program_name(id)});
}

void add_tc(std::vector<Program>& programs, unsigned index) {
  const struct {
    const char* name;
    __u32 parent;
    const char* tcx;
    int attach;
  } sides[] = {{"tc ingress", TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "tcx ingress", kTcxIngress},
               {"tc egress", TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "tcx egress", kTcxEgress}};
  for (const auto& side : sides) {
    tcmsg body{};
    body.tcm_ifindex = static_cast<int>(index);
    body.tcm_parent = side.parent;
    dump(RTM_GETTFILTER, body, [&](const nlmsghdr& message) {
      const Attributes attributes = attributes_of<tcmsg>(message);
      if (message.nlmsg_type != RTM_NEWTFILTER || text_of(attributes, TCA_KIND) != "bpf") return;
      const Attributes options = nested(attributes, TCA_OPTIONS);
      const unsigned id = number_of(options, TCA_BPF_ID);
      if (id == 0) return;  // the head of a chain
      std::string name = program_name(id);
      if (name.empty()) name = text_of(options, TCA_BPF_NAME);
      programs.push_back({side.name, id, name});
    });
    __u32 ids[16] = {}, count = std::size(ids);
    if (bpf_prog_query(static_cast<int>(index), static_cast<bpf_attach_type>(side.attach), 0,
                       nullptr, ids, &count) != 0)
      continue;  // before Linux 6.6, or not permitted
    for (__u32 i = 0; i < count && i < std::size(ids); i++)
      programs.push_back({side.tcx, ids[i], program_name(ids[i])});
  }
}

}  // namespace

std::vector<Program> programs_on(unsigned ifindex) {
  std::vector<Program> programs;
  add_xdp(programs, ifindex);
  add_tc(programs, ifindex);
  return programs;
}

}  // namespace weir::doctor
