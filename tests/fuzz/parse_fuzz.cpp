// SPDX-License-Identifier: BSD-2-Clause
// Frames through the data path's parsers: the short way finds what the long one does, and what
// is called sound lies within the frame. The first two bytes say how much is out of reach and
// how many more bytes the frame claims to have.
#include <algorithm>
#include <cstring>
#include <memory>

#include "fuzz.h"
#include "host_parse.h"

namespace {

// Exactly so many bytes, so that the sanitizer notices one beyond; never a null pointer.
std::unique_ptr<std::uint8_t[]> copy_of(const std::uint8_t* data, std::size_t size) {
  auto copy = std::make_unique<std::uint8_t[]>(size);
  std::copy_n(data, size, copy.get());
  return copy;
}

bool is_same(const weir_facts& a, const weir_facts& b) {
  return std::equal(a.addr, a.addr + 4, b.addr) && a.seq == b.seq && a.ack == b.ack &&
         a.payload_head == b.payload_head && a.payload_offset == b.payload_offset &&
         a.payload_length == b.payload_length && a.ip_offset == b.ip_offset &&
         a.tcp_offset == b.tcp_offset && a.source_port == b.source_port && a.port == b.port &&
         a.family == b.family && a.layer == b.layer && a.flags == b.flags && a.defect == b.defect;
}

void check_sound(const std::uint8_t* frame, unsigned reach, unsigned length,
                 const weir_facts& facts) {
  WEIR_CHECK(facts.layer <= WEIR_LAYER_TCP);
  WEIR_CHECK(facts.defect < WEIR_REASON_COUNT);
  WEIR_CHECK(facts.defect == 0 ||
             weir_reason_verdict(static_cast<weir_reason>(facts.defect)) == WEIR_VERDICT_MALFORMED);
  if (facts.layer != WEIR_LAYER_TCP || facts.defect != 0) return;
  WEIR_CHECK(facts.payload_offset <= length);
  WEIR_CHECK(facts.payload_length <= length - facts.payload_offset);
  if (facts.payload_length < sizeof facts.payload_head) {
    WEIR_CHECK(facts.payload_head == 0);
    return;
  }
  WEIR_CHECK(facts.payload_offset + sizeof facts.payload_head <= reach);
  WEIR_CHECK(std::memcmp(frame + facts.payload_offset, &facts.payload_head,
                         sizeof facts.payload_head) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const auto whole = static_cast<unsigned>(size - 2);
  const unsigned reach = whole - std::min<unsigned>(data[0], whole);
  const unsigned length = whole + (data[1] < 128 ? 0 : (data[1] - 128u) * 1024);
  const auto frame = copy_of(data + 2, reach);

  weir_facts expected, found{};
  weir_host_parse(frame.get(), reach, length, &expected);
  check_sound(frame.get(), reach, length, expected);
  const int shape = weir_host_parse_plain(frame.get(), reach, length, &found);
  WEIR_CHECK(shape != WEIR_HOST_MISTAKEN);
  if (shape == WEIR_HOST_PLAIN) {
    WEIR_CHECK(is_same(found, expected));
  } else if (shape == WEIR_HOST_BULK) {
    WEIR_CHECK(expected.layer == WEIR_LAYER_TCP && expected.defect == 0);
    WEIR_CHECK(found.port == expected.port && found.family == expected.family);
    WEIR_CHECK(std::equal(found.addr, found.addr + 4, expected.addr));
    for (unsigned protocol = 0; protocol < WEIR_PROTOCOL_COUNT; protocol++)
      WEIR_CHECK(weir_host_event_of(&expected, protocol) == WEIR_EVENT_COUNT);
  }
  // What is cut off further may become a defect or be known less well, never another packet.
  if (reach > 0) {
    const auto cut = copy_of(frame.get(), reach - 1);
    weir_facts less;
    weir_host_parse(cut.get(), reach - 1, reach - 1, &less);
    check_sound(cut.get(), reach - 1, reach - 1, less);
    if (expected.defect == 0 && less.defect == 0 && less.layer == WEIR_LAYER_TCP)
      WEIR_CHECK(expected.layer != WEIR_LAYER_TCP || less.port == expected.port);
  }
  return 0;
}
