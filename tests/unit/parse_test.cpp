// SPDX-License-Identifier: BSD-2-Clause
// The parsers of bpf/lib on the host: what is found in good frames, what is refused, and that the
// short way finds the same as the long one.
#include <gtest/gtest.h>

#include <random>

#include "host_parse.h"
#include "packet.h"

namespace {

// The same numbers on every machine; 32 bits, as the fields they go into.
using Random = std::independent_bits_engine<std::mt19937, 32, std::uint32_t>;

using namespace weir::test;

weir_facts parse(const Bytes& frame) {
  weir_facts facts;
  const auto size = static_cast<unsigned>(frame.size());
  weir_host_parse(frame.data(), size, size, &facts);
  return facts;
}

TEST(Parse, FindsAllFactsOfAPlainSegment) {
  const auto facts =
      parse(Packet::from("198.51.100.7").ports(4242, 8080).seq(77).request("GET /x").build());
  EXPECT_EQ(facts.layer, WEIR_LAYER_TCP);
  EXPECT_EQ(facts.defect, 0);
  EXPECT_EQ(facts.family, 0);
  EXPECT_EQ(facts.addr[2], htonl(0xffff));
  EXPECT_EQ(facts.addr[3], inet_addr("198.51.100.7"));
  EXPECT_EQ(facts.source_port, 4242);
  EXPECT_EQ(facts.port, 8080);
  EXPECT_EQ(facts.seq, 77u);
  EXPECT_EQ(facts.flags, kAck | kPsh);
  EXPECT_EQ(facts.payload_length, 6u);
  EXPECT_EQ(facts.payload_offset, 54u);
  EXPECT_EQ(facts.payload_head, htonl(0x47455420));
}

TEST(Parse, DoesNotTakeEthernetsPaddingForPayload) {
  const auto facts = parse(Packet::from("198.51.100.7").ack().trailing(6).build());
  EXPECT_EQ(facts.payload_length, 0u);
  EXPECT_EQ(facts.payload_head, 0u);
}

struct Judged {
  const char* what;
  Bytes frame;
  weir_layer layer;
  weir_reason defect;  // NO_EVENT: none
};

// FIELD-NOTES.md, section 5: all that Linux takes for a SYN is understood or has a defect.
TEST(Parse, UnderstandsOrRefusesWhatLinuxAccepts) {
  const auto v4 = [] { return Packet::from("198.51.100.7"); };
  const auto v6 = [] { return Packet::from("2001:db8::7"); };
  Packet many = v6(), most = v6();
  for (int i = 0; i < 7; i++) many.extension(60);
  for (int i = 0; i < 6; i++) most.extension(60);
  const auto fine = WEIR_REASON_NO_EVENT;
  const std::vector<Judged> table = {
      {"IP options", v4().ip_options(40).build(), WEIR_LAYER_TCP, fine},
      {"TCP options", v4().tcp_options(40).build(), WEIR_LAYER_TCP, fine},
      {"trailing bytes", v4().trailing(18).build(), WEIR_LAYER_TCP, fine},
      {"one tag", v4().vlan(0x8100).build(), WEIR_LAYER_TCP, fine},
      {"two tags", v4().vlan(0x88a8).vlan(0x8100).build(), WEIR_LAYER_TCP, fine},
      {"four tags", v6().vlan(0x8100).vlan(0x88a8).vlan(0x8100).vlan(0x8100).build(),
       WEIR_LAYER_TCP, fine},
      {"five tags", v4().vlan(0x8100).vlan(0x8100).vlan(0x8100).vlan(0x8100).vlan(0x8100).build(),
       WEIR_LAYER_NONE, WEIR_REASON_VLAN_DEPTH},
      {"first fragment, 8 bytes", v4().fragment(0, 8).build(), WEIR_LAYER_TCP,
       WEIR_REASON_TINY_FRAGMENT},
      {"first fragment, 16 bytes", v4().fragment(0, 16).build(), WEIR_LAYER_TCP,
       WEIR_REASON_TINY_FRAGMENT},
      {"first fragment, the header and no payload",
       v4().request(std::string(64, 'x')).tcp_options(4).fragment(0, 24).build(), WEIR_LAYER_TCP,
       WEIR_REASON_TINY_FRAGMENT},
      {"first fragment, the header and enough",
       v4().request(std::string(64, 'x')).fragment(0, 40).build(), WEIR_LAYER_TCP, fine},
      {"first fragment of a SYN with payload",
       v4().flags(kSyn).payload(std::string(16, 'x')).tcp_options(4).fragment(0, 24).build(),
       WEIR_LAYER_TCP, fine},
      {"later fragment", v4().request(std::string(64, 'x')).fragment(40, 0).build(),
       WEIR_LAYER_TAIL, fine},
      {"SYN with payload", v4().flags(kSyn).payload("GET /").build(), WEIR_LAYER_TCP, fine},
      {"SYN+ECE+CWR", v4().flags(kSyn | kEce | kCwr).build(), WEIR_LAYER_TCP, fine},
      {"SYN+PSH+URG", v4().flags(kSyn | kPsh | kUrg).build(), WEIR_LAYER_TCP, fine},
      {"SYN+FIN", v4().flags(kSyn | kFin).build(), WEIR_LAYER_TCP, WEIR_REASON_TCP_FLAGS},
      {"SYN+RST", v6().flags(kSyn | kRst).build(), WEIR_LAYER_TCP, WEIR_REASON_TCP_FLAGS},
      {"data offset under 5", v4().data_offset(4).build(), WEIR_LAYER_TCP, WEIR_REASON_TCP_HEADER},
      {"data offset beyond the packet", v4().data_offset(15).build(), WEIR_LAYER_TCP,
       WEIR_REASON_TRUNCATED},
      {"header length under 5", v4().header_words(4).build(), WEIR_LAYER_NONE,
       WEIR_REASON_IP_HEADER},
      {"version 5 as IPv4", v4().version(5).build(), WEIR_LAYER_NONE, WEIR_REASON_IP_HEADER},
      {"length beyond the frame", v4().length_error(1).build(), WEIR_LAYER_IP,
       WEIR_REASON_IP_LENGTH},
      {"length under the header", v4().length_error(-30).build(), WEIR_LAYER_IP,
       WEIR_REASON_IP_LENGTH},
      {"length that cuts TCP", v4().length_error(-4).build(), WEIR_LAYER_TCP,
       WEIR_REASON_TRUNCATED},
      {"UDP", v4().protocol(17).build(), WEIR_LAYER_IP, fine},
      {"IPv6", v6().build(), WEIR_LAYER_TCP, fine},
      {"hop-by-hop", v6().extension(0).build(), WEIR_LAYER_TCP, fine},
      {"destination options of 64 bytes", v6().extension(60, 8).build(), WEIR_LAYER_TCP, fine},
      {"six extension headers", most.build(), WEIR_LAYER_TCP, fine},
      {"seven extension headers", many.build(), WEIR_LAYER_IP, WEIR_REASON_EXT_HEADERS},
      {"routing header, none left", v6().extension(43, 1, 0, 0).build(), WEIR_LAYER_TCP, fine},
      {"routing header, one left", v6().extension(43, 1, 4, 1).build(), WEIR_LAYER_TCP,
       WEIR_REASON_ROUTING_HEADER},
      {"atomic fragment", v6().extension(44).build(), WEIR_LAYER_TCP, fine},
      {"first IPv6 fragment without payload", v6().ack().extension(44, 1, 0, 1).build(),
       WEIR_LAYER_TCP, WEIR_REASON_TINY_FRAGMENT},
      {"first IPv6 fragment with the whole SYN", v6().extension(44, 1, 0, 1).build(),
       WEIR_LAYER_TCP, fine},
      {"later IPv6 fragment", v6().extension(44, 1, 0, 8).build(), WEIR_LAYER_TAIL, fine},
      {"IPv6 length beyond the frame", v6().length_error(8).build(), WEIR_LAYER_IP,
       WEIR_REASON_IP_LENGTH},
      {"IPv4-mapped source in IPv6", Packet::from("::ffff:198.51.100.7").build(), WEIR_LAYER_NONE,
       WEIR_REASON_MAPPED_SOURCE},
      {"no next header", v6().protocol(59).build(), WEIR_LAYER_IP, fine},
  };
  for (const auto& row : table) {
    const auto facts = parse(row.frame);
    EXPECT_EQ(facts.layer, row.layer) << row.what;
    EXPECT_EQ(facts.defect, row.defect) << row.what;
  }
}

TEST(Parse, LeavesEveryOtherProtocolAlone) {
  Bytes arp(60, 0);
  arp[12] = 0x08;
  arp[13] = 0x06;
  for (const Bytes& frame : {arp, Bytes{}, Bytes(13, 0xff), Bytes(14, 0)}) {
    EXPECT_EQ(parse(frame).layer, WEIR_LAYER_NONE);
    EXPECT_EQ(parse(frame).defect, 0);
  }
}

TEST(Parse, AFrameThatIsCutAnywhereIsNeverReadBeyondItsEndAndNeverASoundEvent) {
  Packet routed = Packet::from("2001:db8::7");
  routed.request().extension(0).extension(43).extension(60, 3).extension(44);
  for (const Bytes& whole :
       {Packet::from("198.51.100.7").request().ip_options(8).vlan(0x8100).build(), routed.build(),
        Packet::from("2001:db8::7").request().build()})
    for (std::size_t size = 0; size < whole.size(); size++) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));  // asan watches
      const auto facts = parse(cut);
      const bool is_sound = facts.layer == WEIR_LAYER_TCP && facts.defect == 0;
      EXPECT_FALSE(is_sound) << size;
    }
}

TEST(Parse, HeadersThatAreThereButOutOfReachAreADefect) {
  const Bytes frame = Packet::from("198.51.100.7").request().build();
  weir_facts facts;
  weir_host_parse(frame.data(), 54, static_cast<unsigned>(frame.size()), &facts);
  EXPECT_EQ(facts.defect, WEIR_REASON_TRUNCATED);
}

bool same(const weir_facts& a, const weir_facts& b) {
  return std::equal(a.addr, a.addr + 4, b.addr) && a.seq == b.seq && a.ack == b.ack &&
         a.payload_head == b.payload_head && a.payload_offset == b.payload_offset &&
         a.payload_length == b.payload_length && a.ip_offset == b.ip_offset &&
         a.tcp_offset == b.tcp_offset && a.source_port == b.source_port && a.port == b.port &&
         a.family == b.family && a.layer == b.layer && a.flags == b.flags && a.defect == b.defect;
}

Bytes random_frame(Random& random) {
  Packet packet = Packet::from(random() % 2 ? "198.51.100.7" : "2001:db8::7");
  packet.ports(static_cast<std::uint16_t>(random()), static_cast<std::uint16_t>(random()))
      .seq(random())
      .flags(random() % 256);
  if (random() % 2) packet.payload(std::string(random() % 40, 'G'));
  if (random() % 4 == 0) packet.tcp_options(4 * (random() % 11));
  if (random() % 4 == 0) packet.trailing(random() % 20);
  if (random() % 16 == 0) packet.vlan(0x8100);
  if (random() % 16 == 0) packet.length_error(static_cast<int>(random() % 40) - 20);
  Bytes frame = packet.build();
  for (auto flips = random() % 3; flips > 0; flips--)
    frame[random() % frame.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
  if (random() % 8 == 0) frame.resize(random() % (frame.size() + 1));
  return frame;
}

TEST(Parse, TheShortWayFindsTheSameAsTheLongOne) {
  Random random(4);
  int plain = 0, bulk = 0;
  for (int i = 0; i < 200'000; i++) {
    const Bytes frame = random_frame(random);
    const auto size = static_cast<unsigned>(frame.size());
    weir_facts expected, found;
    weir_host_parse(frame.data(), size, size, &expected);
    const int shape = weir_host_parse_plain(frame.data(), size, size, &found);
    ASSERT_NE(shape, WEIR_HOST_MISTAKEN) << i;
    if (shape == WEIR_HOST_PLAIN) {
      plain++;
      ASSERT_TRUE(same(found, expected)) << i;
    } else if (shape == WEIR_HOST_BULK) {
      bulk++;
      ASSERT_EQ(expected.layer, WEIR_LAYER_TCP) << i;
      ASSERT_EQ(expected.defect, 0) << i;
      ASSERT_EQ(found.port, expected.port) << i;
      ASSERT_EQ(found.family, expected.family) << i;
      ASSERT_TRUE(std::equal(found.addr, found.addr + 4, expected.addr)) << i;
      ASSERT_EQ(weir_host_event_of(&expected, WEIR_PROTOCOL_HTTP), WEIR_EVENT_COUNT) << i;
    }
  }
  EXPECT_GT(plain, 20'000);
  EXPECT_GT(bulk, 2'000);
}

TEST(Event, SynsAreAndDataToHttpServicesMayBe) {
  const auto event = [](const Packet& packet, unsigned protocol) {
    const auto facts = parse(packet.build());
    return weir_host_event_of(&facts, protocol);
  };
  const auto from = [] { return Packet::from("198.51.100.7"); };
  EXPECT_EQ(event(from().syn(), WEIR_PROTOCOL_TCP), WEIR_EVENT_SYN);
  EXPECT_EQ(event(from().flags(kSyn | kAck), WEIR_PROTOCOL_TCP), WEIR_EVENT_COUNT);
  EXPECT_EQ(event(from().ack(), WEIR_PROTOCOL_HTTP), WEIR_EVENT_COUNT);
  for (const char* method :
       {"GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE "}) {
    const auto request = from().request(std::string(method) + "/ HTTP/1.1\r\n");
    EXPECT_EQ(event(request, WEIR_PROTOCOL_HTTP), WEIR_EVENT_REQUEST) << method;
    EXPECT_EQ(event(request, WEIR_PROTOCOL_TLS), WEIR_EVENT_COUNT) << method;
  }
  EXPECT_EQ(event(from().request("field=value"), WEIR_PROTOCOL_HTTP), WEIR_EVENT_REQUEST)
      << "for all that can be told from this segment alone";
  EXPECT_EQ(event(from().request().flags(kPsh), WEIR_PROTOCOL_HTTP), WEIR_EVENT_COUNT)
      << "no stack takes data without ACK";
}

}  // namespace
