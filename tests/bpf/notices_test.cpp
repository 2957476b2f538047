// SPDX-License-Identifier: BSD-2-Clause
// The notice ring: what it tells, its limit, and that losses are counted.
#include <gtest/gtest.h>

#include <cstring>

#include "program.h"

namespace {

using namespace weir::test;

class Notices : public testing::TestWithParam<Hook> {
 protected:
  std::vector<weir_notice> drain() {
    std::vector<weir_notice> notices;
    const auto take = [](void* context, void* data, std::size_t) {
      static_cast<std::vector<weir_notice>*>(context)->push_back(*static_cast<weir_notice*>(data));
      return 0;
    };
    ring_buffer* ring =
        ring_buffer__new(bpf_map__fd(program.skeleton().maps.notices), take, &notices, nullptr);
    ring_buffer__consume(ring);
    ring_buffer__free(ring);
    return notices;
  }
  bool passes(const Packet& packet) { return program.passes(packet, GetParam()); }

  Program program;
};
INSTANTIATE_TEST_SUITE_P(Hooks, Notices, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Notices, TellWhoDidWhatToWhichServiceAndTheRequestsFirstBytes) {
  program.limit(WEIR_EVENT_REQUEST, 1, 2);
  for (std::uint32_t i = 0; i < 3; i++)
    passes(Packet::from("198.51.100.7")
               .ports(4242, 8080)
               .seq(100 * i)
               .request("GET /a HTTP/1.1\r\n\r\n"));
  const auto notices = drain();
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_EQ(notices[0].reason, WEIR_REASON_THROTTLED);
  EXPECT_EQ(notices[0].count, 2u);
  EXPECT_EQ(notices[1].reason, WEIR_REASON_OVER_LIMIT);
  EXPECT_EQ(notices[1].count, 3u);
  EXPECT_EQ(notices[1].service, 1);
  EXPECT_EQ(notices[1].event, WEIR_EVENT_REQUEST);
  EXPECT_EQ(notices[1].source_port, 4242);
  EXPECT_EQ(notices[1].port, 8080);
  EXPECT_EQ(notices[1].addr[3], inet_addr("198.51.100.7"));
  EXPECT_EQ(notices[1].observed, 0);
  ASSERT_EQ(notices[1].head_length, 19);
  EXPECT_EQ(std::memcmp(notices[1].head, "GET /a HTTP/1.1\r\n\r\n", 19), 0);
}

TEST_P(Notices, CarryAtMostTheFirstBytesOfALongRequest) {
  program.limit(WEIR_EVENT_REQUEST, 1, 1);
  const std::string request = "GET /" + std::string(1000, 'x');
  passes(Packet::from("198.51.100.7").seq(1).request(request));
  passes(Packet::from("198.51.100.7").seq(2000).acknowledge(0x2000).request(request));
  const auto notices = drain();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].head_length, WEIR_NOTICE_HEAD);
}

TEST_P(Notices, OfAFloodAreFewAndWhatIsNotToldIsCounted) {
  program.limit(WEIR_EVENT_SYN, 1, 1);
  for (unsigned i = 0; i < 3000; i++) {
    char address[32];
    std::snprintf(address, sizeof address, "10.0.%u.%u", i >> 8, i & 255);
    passes(Packet::from(address));
    passes(Packet::from(address).from_port(2));
  }
  const auto stats = program.stats();
  EXPECT_EQ(stats.notices_sent + stats.notices_lost, 3000u);
  EXPECT_EQ(stats.notices_sent, drain().size());
  // A thousand a second and CPU; the runs may have been spread over CPUs.
  EXPECT_LE(stats.notices_sent, 1000u * static_cast<unsigned>(libbpf_num_possible_cpus()));
  EXPECT_GE(stats.notices_sent, 750u);
}

TEST_P(Notices, OfOneSourceThinOut) {
  program.limit(WEIR_EVENT_SYN, 1, 1, 600'000);
  for (std::uint16_t i = 0; i < 1000; i++) {
    program.advance(1);  // within one millisecond they would be counted as one
    passes(Packet::from("198.51.100.7").from_port(i));
  }
  // Numbers 2 to 32, then 64, 128, 256, 512.
  EXPECT_EQ(drain().size(), 31u + 4u);
  EXPECT_EQ(program.stats().notices_lost, 0u);
}

}  // namespace
