// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/ethtool.h"

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <map>

#include "base/fd.h"

namespace weir::doctor {
namespace {

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

}  // namespace

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

}  // namespace weir::doctor
