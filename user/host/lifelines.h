// SPDX-License-Identifier: BSD-2-Clause
// The addresses that this host cannot do without: its own, its gateways and resolvers, and those
// from which somebody is logged in. A ban of one of them locks people or the host itself out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace weir {

struct Lifeline {
  Prefix network;
  bool is_own = false;  // of this host itself
  std::string what;     // "this host's own address", "a gateway", "a resolver", "an SSH session"
  bool operator==(const Lifeline&) const = default;
};

// What reads where they stand; pure, for tests. Lines that make no sense are passed over.
std::vector<Address> resolvers_in(std::string_view resolv_conf);  // resolv.conf(5)
// The next hops of default routes only: without those of others the host can be reached.
std::vector<Address> gateways_in(std::string_view route);           // /proc/net/route
std::vector<Address> gateways6_in(std::string_view ipv6_route);     // /proc/net/ipv6_route
std::vector<std::uint16_t> ports_in(std::string_view sshd_config);  // sshd_config(5); none: 22

// The first that a network has in it, if any. With `client`, one of the network's: this host's own
// address counts only when it is that one, for neighbours of its network may be turned away.
const Lifeline* find_lifeline(const std::vector<Lifeline>& lifelines, const Prefix& network,
                              const std::optional<Address>& client = std::nullopt);

class Lifelines {
 public:
  virtual ~Lifelines() = default;
  // As they are now, or were a second ago.
  virtual const std::vector<Lifeline>& now() = 0;
};

// Of the network namespace of this process. What cannot be read is left out.
class HostLifelines final : public Lifelines {
 public:
  explicit HostLifelines(const Clock& clock) : clock_(&clock) {}
  const std::vector<Lifeline>& now() override;

 private:
  const Clock* clock_;
  std::vector<Lifeline> lifelines_;
  std::optional<BootNs> read_;
};

}  // namespace weir
