// SPDX-License-Identifier: BSD-2-Clause
// Address and network text: inet_pton() and inet_ntop() do the grammar, this adds the v4-mapped
// form, prefix lengths, and messages that say what to write instead.
#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/quote.h"

namespace weir {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedStart{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

// Why a text that people do write is no address here; empty when there is nothing to say.
std::string address_hint(std::string_view text) {
  if (text.find('/') != text.npos) return "give the address without a prefix length";
  if (text.find('%') != text.npos) return "leave out the zone (what follows %)";
  if (text.find_first_of("[]") != text.npos) return "leave out the brackets";
  return {};
}

std::optional<int> parse_length(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;  // "/08" is a slip, not 8
  unsigned length = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, length);
  if (error != std::errc{} || stop != end || length > 128) return std::nullopt;
  return static_cast<int>(length);
}

// Zeroes all but the first `bits` of 128 bits.
std::array<std::uint8_t, 16> masked(std::array<std::uint8_t, 16> bytes, int bits) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int kept = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00 >> kept));
  }
  return bytes;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const std::string copy(text);  // inet_pton() wants the final zero
  std::array<std::uint8_t, 16> bytes{};
  // A zero byte inside would end the text early and hide what follows it.
  const bool whole = !text.empty() && text.find('\0') == text.npos;
  if (whole && inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return Address(bytes);
  if (whole && inet_pton(AF_INET, copy.c_str(), bytes.data() + kMappedStart.size()) == 1) {
    std::copy(kMappedStart.begin(), kMappedStart.end(), bytes.begin());
    return Address(bytes);
  }
  return fail(ErrorCode::kInvalid, quoted(text) + " is not an IPv4 or IPv6 address",
              address_hint(text));
}

Address Address::in_packet(bool is_v6, const void* bytes) {
  std::array<std::uint8_t, 16> whole{};
  if (!is_v6) std::copy(kMappedStart.begin(), kMappedStart.end(), whole.begin());
  const std::size_t start = is_v6 ? 0 : kMappedStart.size();
  std::memcpy(whole.data() + start, bytes, whole.size() - start);
  return Address(whole);
}

bool Address::is_v4() const {
  return std::equal(kMappedStart.begin(), kMappedStart.end(), bytes_.begin());
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (is_v4()) {
    inet_ntop(AF_INET, bytes_.data() + kMappedStart.size(), buffer.data(), buffer.size());
  } else {
    inet_ntop(AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  }
  return buffer.data();
}

Prefix Prefix::around(const Address& address, int length) {
  Prefix prefix;
  const int skipped = address.is_v4() ? kMappedBits : 0;
  prefix.length_ = std::clamp(length, 0, 128 - skipped);
  prefix.address_ = Address(masked(address.bytes(), skipped + prefix.length_));
  return prefix;
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) return tl::unexpected(address.error());
  if (slash == text.npos) return around(*address, 128);

  // ::ffff:192.0.2.0/120 is 192.0.2.0/24; a shorter prefix would reach beyond IPv4.
  const bool mapped_text = address->is_v4() && text.find(':') < slash;
  const int shortest = mapped_text ? kMappedBits : 0;
  const int longest = address->is_v4() && !mapped_text ? 32 : 128;
  const auto length = parse_length(text.substr(slash + 1));
  if (!length || *length < shortest || *length > longest) {
    return fail(ErrorCode::kInvalid, "the prefix length of " + quoted(text) + " is not valid",
                fmt::format("here it is a number from {} to {}", shortest, longest));
  }
  const Prefix network = around(*address, *length - shortest);
  if (network.address() != *address) {
    return fail(ErrorCode::kInvalid, quoted(text) + " has host bits set",
                "the network is " + network.text());
  }
  return network;
}

bool Prefix::contains(const Address& address) const {
  return address.is_v4() == is_v4() && around(address, length_) == *this;
}

std::string Prefix::text() const { return fmt::format("{}/{}", address_.text(), length_); }

}  // namespace weir
