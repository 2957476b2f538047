// SPDX-License-Identifier: BSD-2-Clause
#include "host/lifelines.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "host/established.h"

namespace weir {
namespace {

constexpr BootNs kFresh = 1000 * kNsInMs;

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A zone ("fe80::1%eth0") tells of a link that a ban does not know.
std::optional<Address> address_in(const std::string& text) {
  const auto address = Address::parse(text.substr(0, text.find('%')));
  return address ? std::optional(*address) : std::nullopt;
}

std::vector<Address> own_addresses() {
  std::vector<Address> own;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return own;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET)
      own.push_back(Address::in_packet(
          false, &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr));
    else if (entry->ifa_addr->sa_family == AF_INET6)
      own.push_back(Address::in_packet(
          true, &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr));
  }
  freeifaddrs(list);
  return own;
}

template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) visit(line);
}

}  // namespace

std::vector<Address> resolvers_in(std::string_view resolv_conf) {
  std::vector<Address> resolvers;
  for_each_line(resolv_conf, [&](const std::string& line) {
    std::istringstream words(line);
    std::string key, value;
    words >> key >> value;
    if (key != "nameserver") return;
    if (const auto address = address_in(value)) resolvers.push_back(*address);
  });
  return resolvers;
}

// "eth0 00000000 0102A8C0 0003 0 0 0 00000000 …": destination, gateway, flags and, as the eighth,
// the mask in hexadecimal, the addresses as the machine has them in memory.
std::vector<Address> gateways_in(std::string_view route) {
  std::vector<Address> gateways;
  for_each_line(route, [&](const std::string& line) {
    std::istringstream words(line);
    std::string interface, destination, gateway, skipped, mask;
    words >> interface >> destination >> gateway;
    for (int i = 0; i < 4; i++) words >> skipped;
    words >> mask;
    if (destination != "00000000" || mask != "00000000") return;
    std::uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(gateway.data(), gateway.data() + gateway.size(), value, 16);
    if (gateway.size() != 8 || error != std::errc{} || end != gateway.data() + 8 || value == 0)
      return;
    gateways.push_back(Address::in_packet(false, &value));
  });
  return gateways;
}

// Destination, its length, source, its length, next hop, …: addresses as 32 hexadecimal digits.
std::vector<Address> gateways6_in(std::string_view ipv6_route) {
  std::vector<Address> gateways;
  for_each_line(ipv6_route, [&](const std::string& line) {
    std::istringstream words(line);
    std::string destination, length, source, source_length, next;
    words >> destination >> length >> source >> source_length >> next;
    if (length != "00" || next.size() != 32 || next.find_first_not_of('0') == std::string::npos)
      return;
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); i++) {
      const char* digits = next.data() + 2 * i;
      if (std::from_chars(digits, digits + 2, bytes[i], 16).ptr != digits + 2) return;
    }
    gateways.emplace_back(bytes);
  });
  return gateways;
}

std::vector<std::uint16_t> ports_in(std::string_view sshd_config) {
  std::vector<std::uint16_t> ports;
  for_each_line(sshd_config, [&](const std::string& line) {
    std::istringstream words(line);
    std::string key;
    unsigned port = 0;
    words >> key >> port;
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
    });
    if (key == "port" && port > 0 && port < 65536)
      ports.push_back(static_cast<std::uint16_t>(port));
  });
  if (ports.empty()) ports.push_back(22);
  return ports;
}

const Lifeline* find_lifeline(const std::vector<Lifeline>& lifelines, const Prefix& network,
                              const std::optional<Address>& client) {
  for (const Lifeline& lifeline : lifelines) {
    if (lifeline.is_own && client && lifeline.network.address() != *client) continue;
    if (network.contains(lifeline.network.address())) return &lifeline;
  }
  return nullptr;
}

const std::vector<Lifeline>& HostLifelines::now() {
  const BootNs now = clock_->boot();
  if (read_ && now - *read_ < kFresh) return lifelines_;
  lifelines_.clear();
  const auto add = [&](const std::vector<Address>& addresses, const char* what,
                       bool is_own = false) {
    for (const Address& address : addresses)
      lifelines_.push_back({Prefix::around(address, 128), is_own, what});
  };
  add(own_addresses(), "this host's own address", true);
  add(gateways_in(read_file("/proc/net/route")), "a gateway");
  add(gateways6_in(read_file("/proc/net/ipv6_route")), "a gateway");
  add(resolvers_in(read_file("/etc/resolv.conf")), "a resolver");
  add(established_peers(ports_in(read_file("/etc/ssh/sshd_config"))), "an open SSH session");
  read_ = clock_->boot();
  return lifelines_;
}

}  // namespace weir
