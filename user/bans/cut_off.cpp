// SPDX-License-Identifier: BSD-2-Clause
#include "bans/cut_off.h"

namespace weir {
namespace {

bool is_loopback(const Address& address) {
  constexpr std::size_t kFirstOctet = 12;  // of IPv4 in a v4-mapped address
  if (address.is_v4()) return address.bytes()[kFirstOctet] == 127;
  std::array<std::uint8_t, 16> loopback{};
  loopback.back() = 1;
  return address.bytes() == loopback;
}

}  // namespace

void CutOff::add(const Prefix& prefix, bool all, BootNs due) {
  if (bans_.empty()) due_ = due;
  bans_[prefix] = all;
}

bool CutOff::takes(const Connection& connection,
                   const std::function<bool(std::uint16_t port)>& is_protected) const {
  const Address& remote = connection.remote;
  if (is_loopback(remote) || is_loopback(connection.local)) return false;
  // Thousands of bans may have come with one import: the networks around an address are few.
  for (int length = remote.is_v4() ? 32 : 128; length >= 0; --length) {
    const auto ban = bans_.find(Prefix::around(remote, length));
    if (ban != bans_.end() && (ban->second || is_protected(connection.local_port))) return true;
  }
  return false;
}

}  // namespace weir
