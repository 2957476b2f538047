// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/kernel_meters.h"

#include <algorithm>
#include <cstring>

#include "lib/table.h"

namespace weir {
namespace {

weir_key key_of(const Address& address, const weir_settings& settings) {
  __be32 words[4];
  std::memcpy(words, address.bytes().data(), sizeof words);
  if (address.is_v4())
    words[3] &= settings.mask4;
  else
    for (int i = 0; i < 4; i++) words[i] &= settings.mask6[i];
  return weir_key_of(words);
}

}  // namespace

KernelMeters::KernelMeters(Mapped<weir_burst_set> bursts, Mapped<weir_id_set> slide_ids,
                           Mapped<weir_slide> slides, const weir_control* control)
    : bursts_(std::move(bursts)),
      slide_ids_(std::move(slide_ids)),
      slides_(std::move(slides)),
      control_(control) {}

Result<KernelMeters> KernelMeters::open(const KernelMaps& maps, const weir_control* control) {
  auto bursts = Mapped<weir_burst_set>::open(maps.bursts, "bursts");
  if (!bursts) return tl::unexpected(std::move(bursts.error()));
  auto slide_ids = Mapped<weir_id_set>::open(maps.slide_ids, "slide_ids");
  if (!slide_ids) return tl::unexpected(std::move(slide_ids.error()));
  auto slides = Mapped<weir_slide>::open(maps.slides, "slides");
  if (!slides) return tl::unexpected(std::move(slides.error()));
  return KernelMeters(std::move(*bursts), std::move(*slide_ids), std::move(*slides), control);
}

const weir_burst* KernelMeters::burst(std::uint64_t id) const {
  const auto& set = bursts_[weir_set_of(id, static_cast<__u32>(bursts_.size() - 1))];
  const __u32 way = weir_find_burst_way(&set, id);
  return way == WEIR_NO_WAY ? nullptr : &set.ways[way].burst;
}

const weir_slide* KernelMeters::slide(std::uint64_t id) const {
  const __u32 index = weir_set_of(id, static_cast<__u32>(slide_ids_.size() - 1));
  const __u32 way = weir_find_id(&slide_ids_[index], id);
  return way == WEIR_NO_WAY ? nullptr : &slides_[std::size_t{index} * WEIR_ID_WAYS + way];
}

std::vector<Meter> KernelMeters::of(const Address& address, BootNs now) const {
  const std::uint64_t now_ms = now / kNsInMs;
  const weir_settings& settings = control_->slots[control_->active & 1];
  const weir_key key = key_of(address, settings);
  std::vector<Meter> meters;
  for (int service = 0; service < WEIR_SERVICE_MAX; service++)
    for (int event = 0; event < WEIR_EVENT_COUNT; event++) {
      const weir_limit& limit = settings.services[service].limits[event];
      if (limit.enabled == 0) continue;
      const std::uint64_t id = weir_source_id(
          control_->hash_seed, &key,
          weir_event_salt(static_cast<__u32>(service) + 1, static_cast<__u32>(event)));
      Meter meter;
      meter.service = service;
      meter.event = static_cast<weir_event>(event);
      const weir_slide* log = limit.window == WEIR_WINDOW_SLIDING ? slide(id) : nullptr;
      // Without a log, a sliding window has had one event at most.
      if (log != nullptr) {
        meter.count = weir_slide_count(log, &limit, now_ms);
        meter.last_ms = weir_word_last_ms(WEIR_LOAD(&log->word));
      } else if (const weir_burst* found = burst(id); found != nullptr) {
        meter.count = weir_burst_count(found, &limit, now_ms);
        meter.last_ms = weir_word_last_ms(WEIR_LOAD(&found->word));
      }
      meters.push_back(meter);
    }
  return meters;
}

bool KernelMeters::is_validated(const Address& address, BootNs now) const {
  const weir_key key = key_of(address, control_->slots[control_->active & 1]);
  const auto* found =
      burst(weir_source_id(control_->hash_seed, &key, weir_event_salt(0, WEIR_EVENT_VALIDATED)));
  return found != nullptr && weir_validated_word(WEIR_LOAD(&found->word), now / kNsInMs) != 0;
}

void KernelMeters::for_each_source(
    const std::function<void(const Address&, std::uint64_t last_ms)>& visit) const {
  for (std::size_t set = 0; set < bursts_.size(); set++)
    for (unsigned way = 0; way < WEIR_BURST_WAYS; way++) {
      const auto& entry = bursts_[set].ways[way];
      const std::uint64_t id = WEIR_LOAD(&entry.id);
      if (id == 0) continue;
      // A source with a log is counted there once it has one.
      const weir_slide* log = slide(id);
      const std::uint64_t word = WEIR_LOAD(log != nullptr ? &log->word : &entry.burst.word);
      std::array<std::uint8_t, 16> bytes{};
      std::memcpy(bytes.data(), bursts_[set].sources[way].addr, bytes.size());
      visit(Address(bytes), weir_word_last_ms(word));
    }
}

}  // namespace weir
