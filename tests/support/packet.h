// SPDX-License-Identifier: BSD-2-Clause
// A fluent builder of Ethernet frames for tests and benchmarks: valid unless told otherwise,
// with right lengths and checksums where Linux would look at them.
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

using Bytes = std::vector<std::uint8_t>;

inline void put16(Bytes& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

inline void put32(Bytes& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

// RFC 1071.
inline std::uint16_t internet_checksum(const Bytes& data, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < data.size(); i += 2)
    sum += static_cast<std::uint32_t>(data[i] << 8 | (i + 1 < data.size() ? data[i + 1] : 0));
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

enum TcpFlag : std::uint8_t {
  kFin = 1,
  kSyn = 2,
  kRst = 4,
  kPsh = 8,
  kAck = 16,
  kUrg = 32,
  kEce = 64,
  kCwr = 128
};

// A TCP segment in an IPv4 or IPv6 packet, by its source's text.
class Packet {
 public:
  static Packet from(std::string_view source) {
    Packet packet;
    packet.source_ = source;
    packet.v6_ = source.find(':') != std::string_view::npos;
    return packet;
  }

  Packet& ports(std::uint16_t source, std::uint16_t destination) {
    source_port_ = source;
    port_ = destination;
    return *this;
  }
  Packet& to_port(std::uint16_t port) { return ports(source_port_, port); }
  Packet& from_port(std::uint16_t port) { return ports(port, port_); }
  Packet& seq(std::uint32_t value) {
    seq_ = value;
    return *this;
  }
  Packet& acknowledge(std::uint32_t value) {
    ack_ = value;
    return *this;
  }
  Packet& flags(unsigned value) {
    flags_ = static_cast<std::uint8_t>(value);
    return *this;
  }
  Packet& syn() { return flags(kSyn); }
  Packet& ack() { return flags(kAck); }
  Packet& payload(std::string_view text) {
    payload_.assign(text.begin(), text.end());
    return *this;
  }
  Packet& request(std::string_view text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
    return flags(kAck | kPsh).payload(text);
  }

  Packet& vlan(unsigned type, unsigned id = 0) {
    tags_.push_back({type, id});
    return *this;
  }
  Packet& ip_options(unsigned bytes) {
    ip_options_.assign(bytes, 1);
    return *this;
  }  // NOPs
  Packet& tcp_options(unsigned bytes) {
    tcp_options_.assign(bytes, 1);
    return *this;
  }
  Packet& data_offset(unsigned words) {
    data_offset_ = words;
    return *this;
  }
  Packet& trailing(unsigned bytes) {
    trailing_ = bytes;
    return *this;
  }
  Packet& cut(unsigned bytes) {
    cut_ = bytes;
    return *this;
  }  // off the end of the frame
  Packet& protocol(unsigned number) {
    protocol_ = number;
    return *this;
  }
  Packet& version(unsigned value) {
    version_ = value;
    return *this;
  }
  Packet& header_words(unsigned value) {
    header_words_ = value;
    return *this;
  }
  Packet& length_error(int bytes) {
    length_error_ = bytes;
    return *this;
  }
  // IPv4: bytes [offset, offset + length) of what would follow the IP header. The offset is in
  // bytes, a multiple of 8; length 0: to the end, and then no more fragments.
  Packet& fragment(unsigned offset, unsigned length) {
    is_fragment_ = true;
    fragment_offset_ = offset;
    fragment_length_ = length;
    return *this;
  }
  // IPv6: a header of `units` times 8 bytes.
  Packet& extension(unsigned kind, unsigned units = 1, unsigned type = 0, unsigned left = 0) {
    Bytes body(units * 8 - 2, 0);
    body[0] = static_cast<std::uint8_t>(type);
    body[1] = static_cast<std::uint8_t>(left);
    extensions_.push_back({kind, units - 1, body});
    return *this;
  }

  [[nodiscard]] Bytes build() const {
    Bytes frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    for (const auto& tag : tags_) {
      put16(frame, tag.type);
      put16(frame, tag.id);
    }
    put16(frame, v6_ ? ETH_P_IPV6 : ETH_P_IP);
    const Bytes ip = v6_ ? ip6() : ip4();
    frame.insert(frame.end(), ip.begin(), ip.end());
    frame.insert(frame.end(), trailing_, 0);
    frame.resize(frame.size() - std::min<std::size_t>(cut_, frame.size()));
    return frame;
  }

 private:
  struct Tag {
    unsigned type, id;
  };
  struct Extension {
    unsigned kind, length;
    Bytes body;
  };

  [[nodiscard]] Bytes address(const char* text) const {
    Bytes bytes(v6_ ? 16 : 4);
    inet_pton(v6_ ? AF_INET6 : AF_INET, text, bytes.data());
    return bytes;
  }
  [[nodiscard]] Bytes source() const { return address(source_.c_str()); }
  [[nodiscard]] Bytes destination() const { return address(v6_ ? "2001:db8:ff::1" : "192.0.2.1"); }

  [[nodiscard]] Bytes tcp() const {
    Bytes segment;
    put16(segment, source_port_);
    put16(segment, port_);
    put32(segment, seq_);
    put32(segment, (flags_ & kAck) ? ack_ : 0);
    const unsigned words =
        data_offset_ ? data_offset_ : 5 + static_cast<unsigned>(tcp_options_.size()) / 4;
    segment.push_back(static_cast<std::uint8_t>(words << 4));
    segment.push_back(flags_);
    put16(segment, 0xffff);
    put32(segment, 0);  // checksum, urgent
    segment.insert(segment.end(), tcp_options_.begin(), tcp_options_.end());
    segment.insert(segment.end(), payload_.begin(), payload_.end());
    Bytes pseudo = source();
    const Bytes to = destination();
    pseudo.insert(pseudo.end(), to.begin(), to.end());
    put32(pseudo, static_cast<std::uint32_t>(segment.size()));
    put32(pseudo, 6);
    pseudo.insert(pseudo.end(), segment.begin(), segment.end());
    const std::uint16_t sum = internet_checksum(pseudo);
    segment[16] = static_cast<std::uint8_t>(sum >> 8);
    segment[17] = static_cast<std::uint8_t>(sum);
    return segment;
  }

  [[nodiscard]] Bytes ip4() const {
    Bytes body = tcp();
    unsigned offset_field = 0;
    if (is_fragment_) {
      const bool more = fragment_length_ != 0;
      const std::size_t end =
          more ? std::min<std::size_t>(body.size(), fragment_offset_ + fragment_length_)
               : body.size();
      body = Bytes(body.begin() + fragment_offset_, body.begin() + static_cast<long>(end));
      offset_field = fragment_offset_ / 8 | (more ? 0x2000u : 0u);
    }
    Bytes header;
    const unsigned words =
        header_words_ ? header_words_ : 5 + static_cast<unsigned>(ip_options_.size()) / 4;
    header.push_back(static_cast<std::uint8_t>(version_ << 4 | words));
    header.push_back(0);
    put16(header, static_cast<unsigned>(static_cast<int>(20 + ip_options_.size() + body.size()) +
                                        length_error_));
    put16(header, 1);
    put16(header, offset_field);
    header.push_back(64);
    header.push_back(static_cast<std::uint8_t>(protocol_));
    put16(header, 0);
    const Bytes from = source(), to = destination();
    header.insert(header.end(), from.begin(), from.end());
    header.insert(header.end(), to.begin(), to.end());
    header.insert(header.end(), ip_options_.begin(), ip_options_.end());
    const std::uint16_t sum = internet_checksum(header);
    header[10] = static_cast<std::uint8_t>(sum >> 8);
    header[11] = static_cast<std::uint8_t>(sum);
    header.insert(header.end(), body.begin(), body.end());
    return header;
  }

  [[nodiscard]] Bytes ip6() const {
    Bytes body;
    for (std::size_t i = 0; i < extensions_.size(); i++) {
      body.push_back(static_cast<std::uint8_t>(i + 1 < extensions_.size() ? extensions_[i + 1].kind
                                                                          : protocol_));
      body.push_back(static_cast<std::uint8_t>(extensions_[i].length));
      body.insert(body.end(), extensions_[i].body.begin(), extensions_[i].body.end());
    }
    const Bytes segment = tcp();
    body.insert(body.end(), segment.begin(), segment.end());
    Bytes header;
    put32(header, (version_ == 4 ? 6u : version_) << 28);
    put16(header, static_cast<unsigned>(static_cast<int>(body.size()) + length_error_));
    header.push_back(
        static_cast<std::uint8_t>(extensions_.empty() ? protocol_ : extensions_[0].kind));
    header.push_back(64);
    const Bytes from = source(), to = destination();
    header.insert(header.end(), from.begin(), from.end());
    header.insert(header.end(), to.begin(), to.end());
    header.insert(header.end(), body.begin(), body.end());
    return header;
  }

  std::string source_;
  bool v6_ = false;
  std::uint16_t source_port_ = 40000, port_ = 80;
  std::uint32_t seq_ = 1, ack_ = 0x1000;
  std::uint8_t flags_ = kSyn;
  std::vector<Tag> tags_;
  std::vector<Extension> extensions_;
  Bytes ip_options_, tcp_options_, payload_;
  unsigned data_offset_ = 0, trailing_ = 0, cut_ = 0, protocol_ = 6, version_ = 4;
  unsigned header_words_ = 0, fragment_offset_ = 0, fragment_length_ = 0;
  int length_error_ = 0;
  bool is_fragment_ = false;
};

}  // namespace weir::test
