// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>

#include "base/fd.h"

namespace weir::doctor {
namespace {

// <linux/bpf.h> of Linux 6.6 and newer; Debian 12 has older headers.
constexpr int kTcxIngress = 46, kTcxEgress = 47;

using Attributes = std::map<unsigned, const rtattr*>;

Attributes attributes_in(const void* start, std::size_t length) {
  Attributes found;
  const auto* attribute = static_cast<const rtattr*>(start);
  for (auto left = static_cast<unsigned>(length); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left))
    found[attribute->rta_type & NLA_TYPE_MASK] = attribute;
  return found;
}

Attributes nested(const Attributes& in, unsigned type) {
  const auto found = in.find(type);
  if (found == in.end()) return {};
  return attributes_in(RTA_DATA(found->second), RTA_PAYLOAD(found->second));
}

std::string text_of(const Attributes& in, unsigned type) {
  const auto found = in.find(type);
  if (found == in.end()) return {};
  const auto* text = static_cast<const char*>(RTA_DATA(found->second));
  return {text, strnlen(text, RTA_PAYLOAD(found->second))};
}

unsigned number_of(const Attributes& in, unsigned type) {
  const auto found = in.find(type);
  if (found == in.end()) return 0;
  std::uint32_t number = 0;
  std::memcpy(&number, RTA_DATA(found->second),
              std::min<std::size_t>(sizeof number, RTA_PAYLOAD(found->second)));
  return number;
}

// Sends a dump request and hands over each message of the answer.
template <typename Body>
void dump(__u16 type, const Body& body, const std::function<void(const nlmsghdr&)>& take) {
  const Fd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  struct {
    nlmsghdr header;
    Body body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body = body;
  if (!netlink || send(netlink.get(), &request, sizeof request, 0) < 0) return;
  for (;;) {
    alignas(nlmsghdr) char buffer[32768];
    const ssize_t received = recv(netlink.get(), buffer, sizeof buffer, 0);
    if (received <= 0) return;
    auto left = static_cast<unsigned>(received);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return;
      take(*header);
    }
  }
}

template <typename Body>
Attributes attributes_of(const nlmsghdr& message) {
  return attributes_in(static_cast<const char*>(NLMSG_DATA(&message)) + NLMSG_ALIGN(sizeof(Body)),
                       NLMSG_PAYLOAD(&message, NLMSG_ALIGN(sizeof(Body))));
}

// What the kernel lists of every interface.
struct Link {
  InterfaceFacts facts;
  unsigned index = 0, lower = 0, master = 0;
};

Link link_of(const nlmsghdr& message) {
  const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
  const Attributes attributes = attributes_of<ifinfomsg>(message);
  const Attributes linkinfo = nested(attributes, IFLA_LINKINFO);
  Link link;
  link.index = static_cast<unsigned>(info->ifi_index);
  // An index in another namespace is not one of ours.
  if (!attributes.contains(IFLA_LINK_NETNSID)) link.lower = number_of(attributes, IFLA_LINK);
  link.master = number_of(attributes, IFLA_MASTER);
  InterfaceFacts& facts = link.facts;
  facts.name = text_of(attributes, IFLA_IFNAME);
  facts.kind = text_of(linkinfo, IFLA_INFO_KIND);
  facts.is_up = (info->ifi_flags & IFF_UP) != 0;
  facts.is_loopback = info->ifi_type == ARPHRD_LOOPBACK;
  facts.is_ethernet = info->ifi_type == ARPHRD_ETHER;
  facts.mtu = number_of(attributes, IFLA_MTU);
  facts.rx_queues = number_of(attributes, IFLA_NUM_RX_QUEUES);
  facts.tx_queues = number_of(attributes, IFLA_NUM_TX_QUEUES);
  if (facts.kind == "bond") {
    const Attributes data = nested(linkinfo, IFLA_INFO_DATA);
    if (const auto mode = data.find(IFLA_BOND_MODE); mode != data.end())
      facts.bond_mode = *static_cast<const std::uint8_t*>(RTA_DATA(mode->second));
  }
  return link;
}

std::vector<Link> all_links() {
  std::vector<Link> links;
  dump(RTM_GETLINK, ifinfomsg{}, [&](const nlmsghdr& message) {
    if (message.nlmsg_type == RTM_NEWLINK) links.push_back(link_of(message));
  });
  return links;
}

// One of ethtool's questions; false when the driver does not answer it.
bool ask_ethtool(const std::string& name, void* question) {
  const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_data = static_cast<char*>(question);
  return any && ioctl(any.get(), SIOCETHTOOL, &request) == 0;
}

// Features by their names, for only few have a flag of their own.
std::map<std::string, bool> features_of(const std::string& name) {
  alignas(ethtool_sset_info) char room[sizeof(ethtool_sset_info) + sizeof(__u32)]{};
  auto* sizes = reinterpret_cast<ethtool_sset_info*>(room);
  sizes->cmd = ETHTOOL_GSSET_INFO;
  sizes->sset_mask = 1ULL << ETH_SS_FEATURES;
  if (!ask_ethtool(name, sizes) || sizes->sset_mask == 0) return {};
  const unsigned count = sizes->data[0];
  std::vector<char> names(sizeof(ethtool_gstrings) + std::size_t{count} * ETH_GSTRING_LEN);
  auto* strings = reinterpret_cast<ethtool_gstrings*>(names.data());
  strings->cmd = ETHTOOL_GSTRINGS;
  strings->string_set = ETH_SS_FEATURES;
  strings->len = count;
  const unsigned blocks = (count + 31) / 32;
  std::vector<char> bits(sizeof(ethtool_gfeatures) + blocks * sizeof(ethtool_get_features_block));
  auto* features = reinterpret_cast<ethtool_gfeatures*>(bits.data());
  features->cmd = ETHTOOL_GFEATURES;
  features->size = blocks;
  if (!ask_ethtool(name, strings) || !ask_ethtool(name, features)) return {};
  std::map<std::string, bool> found;
  for (unsigned i = 0; i < count; i++) {
    const char* text = names.data() + sizeof(ethtool_gstrings) + std::size_t{i} * ETH_GSTRING_LEN;
    found[{text, strnlen(text, ETH_GSTRING_LEN)}] =
        (features->features[i / 32].active >> (i % 32) & 1) != 0;
  }
  return found;
}

void add_ethtool(InterfaceFacts& facts) {
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  if (ask_ethtool(facts.name, &driver)) facts.driver = driver.driver;
  if (facts.driver.empty()) facts.driver = facts.is_loopback ? "loopback" : facts.kind;
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (ask_ethtool(facts.name, &channels)) {
    const bool combined = channels.max_combined > 0;
    facts.channels = combined ? channels.combined_count : channels.rx_count;
    facts.channels_max = combined ? channels.max_combined : channels.max_rx;
  }
  const auto features = features_of(facts.name);
  const auto take = [&](const char* name, std::optional<bool>& target) {
    if (const auto found = features.find(name); found != features.end()) target = found->second;
  };
  take("rx-lro", facts.lro);
  take("rx-gro-hw", facts.gro_hw);
  take("rx-vlan-hw-parse", facts.rx_vlan);
}

void count_addresses(std::map<unsigned, InterfaceFacts*>& by_index) {
  dump(RTM_GETADDR, ifaddrmsg{}, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWADDR) return;
    const auto* info = static_cast<const ifaddrmsg*>(NLMSG_DATA(&message));
    const auto found = by_index.find(info->ifa_index);
    if (found == by_index.end()) return;
    if (info->ifa_family == AF_INET) found->second->addresses4++;
    if (info->ifa_family == AF_INET6) found->second->addresses6++;
  });
}

// Only who has CAP_SYS_ADMIN may.
std::string program_name(unsigned id) {
  const Fd fd(bpf_prog_get_fd_by_id(id));
  bpf_prog_info info{};
  __u32 length = sizeof info;
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &length) != 0) return {};
  return info.name;
}

void add_xdp(InterfaceFacts& facts, unsigned index) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  if (bpf_xdp_query(static_cast<int>(index), 0, &query) != 0) return;
  const struct {
    const char* hook;
    unsigned id;
  } hooks[] = {{"xdp (native)", query.drv_prog_id},
               {"xdp (generic)", query.skb_prog_id},
               {"xdp (in the card)", query.hw_prog_id}};
  for (const auto& [hook, id] : hooks)
    if (id != 0) facts.programs.push_back({hook, id, program_name(id)});
}

void add_tc(InterfaceFacts& facts, unsigned index) {
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
      facts.programs.push_back({side.name, id, name});
    });
    __u32 ids[16] = {}, count = std::size(ids);
    if (bpf_prog_query(static_cast<int>(index), static_cast<bpf_attach_type>(side.attach), 0,
                       nullptr, ids, &count) != 0)
      continue;  // before Linux 6.6, or not permitted
    for (__u32 i = 0; i < count && i < std::size(ids); i++)
      facts.programs.push_back({side.tcx, ids[i], program_name(ids[i])});
  }
}

}  // namespace

std::vector<InterfaceFacts> look_at_interfaces(const std::vector<std::string>& names) {
  const auto links = all_links();
  std::vector<InterfaceFacts> found;
  found.reserve(names.size());  // pointers into it are kept below
  std::map<unsigned, InterfaceFacts*> by_index;
  for (const auto& name : names) {
    InterfaceFacts& facts = found.emplace_back();
    facts.name = name;
    const auto link = std::find_if(links.begin(), links.end(),
                                   [&](const Link& other) { return other.facts.name == name; });
    if (link == links.end()) {
      facts.exists = false;
      continue;
    }
    facts = link->facts;
    for (const auto& other : links) {
      if (other.lower == link->index && other.facts.kind == "vlan") facts.has_vlans = true;
      if (link->master == 0 || other.index != link->master) continue;
      facts.master = other.facts.name;
      facts.master_kind = other.facts.kind;
    }
    add_ethtool(facts);
    add_xdp(facts, link->index);
    add_tc(facts, link->index);
    by_index[link->index] = &facts;
  }
  count_addresses(by_index);
  return found;
}

std::vector<std::string> default_interfaces() {
  const auto links = all_links();
  std::vector<std::string> names;
  rtmsg body{};
  dump(RTM_GETROUTE, body, [&](const nlmsghdr& message) {
    const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(&message));
    if (message.nlmsg_type != RTM_NEWROUTE || route->rtm_dst_len != 0 ||
        route->rtm_type != RTN_UNICAST || route->rtm_table != RT_TABLE_MAIN)
      return;
    const unsigned index = number_of(attributes_of<rtmsg>(message), RTA_OIF);
    for (const Link& link : links)
      if (link.index == index) names.push_back(link.facts.name);
  });
  return names;
}

}  // namespace weir::doctor
