// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/kernel_meters.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "dataplane/sizes.h"
#include "lib/window.h"

namespace weir {
namespace {

weir_source source_of(const Address& address, const weir_settings& settings, int service,
                      int event) {
  weir_source source{};
  std::memcpy(source.addr, address.bytes().data(), sizeof source.addr);
  if (address.is_v4())
    source.addr[3] &= settings.mask4;
  else
    for (int i = 0; i < 4; i++) source.addr[i] &= settings.mask6[i];
  source.service = static_cast<__u32>(service) + 1;
  source.event = static_cast<__u32>(event);
  return source;
}

template <typename Value>
void visit_table(int map, const std::function<void(const Address&, std::uint64_t)>& visit) {
  constexpr __u32 kBatch = 2048;
  std::vector<weir_source> keys(kBatch);
  std::vector<Value> values(kBatch);
  __u32 cursor = 0, next = 0;
  for (bool first = true;; first = false) {
    __u32 count = kBatch;
    const int error = bpf_map_lookup_batch(map, first ? nullptr : &cursor, &next, keys.data(),
                                           values.data(), &count, nullptr);
    if (error != 0 && errno != ENOENT) return;
    for (__u32 i = 0; i < count; i++) {
      std::array<std::uint8_t, 16> bytes{};
      std::memcpy(bytes.data(), keys[i].addr, bytes.size());
      visit(Address(bytes), weir_word_last_ms(values[i].word));
    }
    if (error != 0) return;
    cursor = next;
  }
}

}  // namespace

std::vector<Meter> read_meters(const KernelMaps& maps, const weir_settings& settings,
                               const Address& address, BootNs now) {
  const std::uint64_t now_ms = now / 1'000'000;
  std::vector<Meter> meters;
  for (int service = 0; service < WEIR_SERVICE_MAX; service++)
    for (int event = 0; event < WEIR_EVENT_COUNT; event++) {
      const weir_limit& limit = settings.services[service].limits[event];
      if (limit.enabled == 0) continue;
      const weir_source source = source_of(address, settings, service, event);
      Meter meter;
      meter.service = service;
      meter.event = static_cast<weir_event>(event);
      if (weir_burst burst{}; limit.window == WEIR_WINDOW_BURST &&
                              bpf_map_lookup_elem(maps.bursts, &source, &burst) == 0) {
        meter.count = weir_burst_count(&burst, &limit, now_ms);
        meter.last_ms = weir_word_last_ms(burst.word);
      }
      if (weir_slide slide{}; limit.window == WEIR_WINDOW_SLIDING &&
                              bpf_map_lookup_elem(maps.slides, &source, &slide) == 0) {
        meter.count = weir_slide_count(&slide, &limit, now_ms);
        meter.last_ms = weir_word_last_ms(slide.word);
      }
      meters.push_back(meter);
    }
  return meters;
}

void visit_sources(const KernelMaps& maps,
                   const std::function<void(const Address&, std::uint64_t last_ms)>& visit) {
  visit_table<weir_burst>(maps.bursts, visit);
  visit_table<weir_slide>(maps.slides, visit);
}

TableFill sources_fill(std::uint64_t added) {
  const std::uint64_t capacity = kBurstEntries + kSlideEntries;
  return {std::min(added, capacity), capacity};
}

}  // namespace weir
