// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/links.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>

#include <algorithm>
#include <map>

#include "doctor/ethtool.h"
#include "doctor/netlink.h"
#include "doctor/programs.h"

namespace weir::doctor {
namespace {

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
    facts.programs = programs_on(link->index);
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
