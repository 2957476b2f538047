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

Meter KernelMeters::meter_of(std::uint64_t id, const weir_limit& limit,
                             std::uint64_t now_ms) const {
  Meter meter;
  const weir_slide* log = limit.window == WEIR_WINDOW_SLIDING ? slide(id) : nullptr;
  // Without a log, a sliding window has had one event at most.
  if (log != nullptr) {
    meter.count = weir_slide_count(log, &limit, now_ms);
    meter.last_ms = weir_word_last_ms(WEIR_LOAD(&log->word));
  } else if (const weir_burst* found = burst(id); found != nullptr) {
    meter.count = weir_burst_count(found, &limit, now_ms);
    meter.last_ms = weir_word_last_ms(WEIR_LOAD(&found->word));
  }
  return meter;
}

std::vector<Meter> KernelMeters::of(const Address& address, BootNs now) const {
  const std::uint64_t now_ms = now / kNsInMs;
  const weir_settings& settings = control_->slots[control_->active & 1];
  const weir_key key = key_of(address, settings);
  const auto id = [&](std::uint64_t salt) {
    return weir_source_id(control_->hash_seed, &key, salt);
  };
  std::vector<Meter> meters;
  for (int service = 0; service < WEIR_SERVICE_MAX; service++)
    for (int event = 0; event < WEIR_EVENT_COUNT; event++) {
      const weir_limit& limit = settings.services[service].limits[event];
      if (limit.enabled == 0) continue;
      Meter& meter = meters.emplace_back(
          meter_of(id(weir_event_salt(static_cast<__u32>(service) + 1, static_cast<__u32>(event))),
                   limit, now_ms));
      meter.service = service;
      meter.event = static_cast<weir_event>(event);
    }
  for (std::size_t rule = 0; rule < WEIR_RULE_MAX && settings.rules[rule].service != 0; rule++) {
    Meter meter = meter_of(id(weir_rule_salt(static_cast<__u32>(rule) + 1)),
                           settings.rules[rule].limit, now_ms);
    if (meter.count == 0) continue;
    meter.service = static_cast<int>(settings.rules[rule].service) - 1;
    meter.event = WEIR_EVENT_REQUEST;
    meter.rule = rule;
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

std::vector<KernelMeters::Place> KernelMeters::places() const {
  const weir_settings& settings = control_->slots[control_->active & 1];
  std::vector<Place> places;
  for (__u32 service = 0; service < WEIR_SERVICE_MAX; service++)
    for (__u32 event = 0; event < WEIR_EVENT_COUNT; event++)
      if (const weir_limit& limit = settings.services[service].limits[event]; limit.enabled != 0)
        places.push_back({weir_event_salt(service + 1, event), static_cast<weir_event>(event),
                          limit.window == WEIR_WINDOW_SLIDING, limit.timeout_ms});
  return places;
}

// A source has a way for each of its events. The first of them, in the order of the places, speaks
// for all: so it is met once, without a list of all that were met before.
std::optional<SourceState> KernelMeters::state_of(const weir_burst_set& set, unsigned way,
                                                  const std::vector<Place>& places) const {
  const std::uint64_t own = WEIR_LOAD(&set.ways[way].id);
  if (own == 0) return std::nullopt;
  const weir_key key = weir_key_of(set.sources[way].addr);
  bool speaks = false;
  std::uint64_t last_ms = 0;
  struct Counted {
    std::uint32_t hits = 0, timeout_ms = 0;
  } connections, requests;
  for (const Place& place : places) {
    const std::uint64_t id = weir_source_id(control_->hash_seed, &key, place.salt);
    const weir_burst* found = id == own ? &set.ways[way].burst : burst(id);
    if (found == nullptr) continue;
    if (!speaks && id != own) return std::nullopt;
    speaks = true;
    // A source with a log is counted there once it has one.
    const weir_slide* log = place.is_sliding ? slide(id) : nullptr;
    const std::uint64_t word = WEIR_LOAD(log != nullptr ? &log->word : &found->word);
    last_ms = std::max(last_ms, std::uint64_t{weir_word_last_ms(word)});
    Counted& counted = place.event == WEIR_EVENT_SYN ? connections : requests;
    counted.hits += weir_word_count(word);
    counted.timeout_ms = std::max(counted.timeout_ms, place.timeout_ms);
  }
  if (!speaks) return std::nullopt;  // only that it is validated, or was kicked, is known
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), set.sources[way].addr, bytes.size());
  const Counted& shown = requests.hits > 0 ? requests : connections;
  return SourceState{Address(bytes), last_ms, shown.hits, shown.timeout_ms};
}

// What state_of() will ask for is somewhere in a table much larger than any cache.
void KernelMeters::fetch(const weir_burst_set& set, const std::vector<Place>& places) const {
  for (unsigned way = 0; way < WEIR_BURST_WAYS; way++) {
    if (WEIR_LOAD(&set.ways[way].id) == 0) continue;
    const weir_key key = weir_key_of(set.sources[way].addr);
    for (const Place& place : places) {
      const std::uint64_t id = weir_source_id(control_->hash_seed, &key, place.salt);
      __builtin_prefetch(&bursts_[weir_set_of(id, static_cast<__u32>(bursts_.size() - 1))]);
    }
  }
}

void KernelMeters::visit_sources(std::size_t from, std::size_t count,
                                 const std::function<void(const SourceState&)>& visit) const {
  const auto counted = places();
  const std::size_t end = std::min(from + count, bursts_.size());
  constexpr std::size_t kAhead = 8;
  for (std::size_t first = from; first < end; first += kAhead) {
    const std::size_t last = std::min(first + kAhead, end);
    for (std::size_t set = first; set < last; set++) fetch(bursts_[set], counted);
    for (std::size_t set = first; set < last; set++)
      for (unsigned way = 0; way < WEIR_BURST_WAYS; way++)
        if (const auto state = state_of(bursts_[set], way, counted)) visit(*state);
  }
}

}  // namespace weir
