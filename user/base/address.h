// SPDX-License-Identifier: BSD-2-Clause
// IPv4 and IPv6 addresses and networks as people write them (RFC 4291, RFC 5952, CIDR).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

// An address; IPv4 is kept as v4-mapped IPv6, in network byte order.
class Address {
 public:
  Address() = default;
  explicit Address(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  // Accepts dotted quads and IPv6 text without zone, brackets or prefix length.
  // An IPv6 text of a v4-mapped address is the IPv4 address. kInvalid says what is wrong.
  static Result<Address> parse(std::string_view text);

  // As it stands in a packet's header: 4 bytes, or 16, which may be v4-mapped.
  static Address in_packet(bool is_v6, const void* bytes);

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] std::string text() const;  // canonical, RFC 5952

  auto operator<=>(const Address&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

// A network: an address whose host bits are zero, and the length of its prefix.
class Prefix {
 public:
  Prefix() = default;

  // "192.0.2.0/24", "2001:db8::/32", or a bare address (then /32 or /128). Host bits that
  // are set are kInvalid, with the right network in the hint.
  static Result<Prefix> parse(std::string_view text);
  // The network of `length` bits (0–32 for IPv4, 0–128 for IPv6; clamped) around an address.
  static Prefix around(const Address& address, int length);

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] int length() const { return length_; }  // 0–32 for IPv4, 0–128 for IPv6
  [[nodiscard]] bool is_v4() const { return address_.is_v4(); }
  [[nodiscard]] bool is_single() const { return length_ == (is_v4() ? 32 : 128); }
  [[nodiscard]] bool contains(const Address& address) const;
  [[nodiscard]] std::string text() const;  // always with the length: "192.0.2.1/32"

  auto operator<=>(const Prefix&) const = default;

 private:
  Address address_;
  int length_ = 128;
};

}  // namespace weir
