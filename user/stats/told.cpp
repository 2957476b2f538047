// SPDX-License-Identifier: BSD-2-Clause
#include "stats/told.h"

#include <iterator>

namespace weir {

Told& ToldBook::Shelf::put(const Address& source, const Told& told) {
  if (entries_.size() == kSources) {
    places_.erase(entries_.back().first);
    entries_.pop_back();
  }
  entries_.emplace_front(source, told);
  places_[source] = entries_.begin();
  return entries_.front().second;
}

Told* ToldBook::Shelf::renew(const Address& source) {
  const auto place = places_.find(source);
  if (place == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, place->second);
  return &entries_.front().second;
}

const Told* ToldBook::Shelf::find(const Address& source) const {
  const auto place = places_.find(source);
  return place == places_.end() ? nullptr : &place->second->second;
}

void ToldBook::Shelf::remove(const Address& source) {
  const auto place = places_.find(source);
  if (place == places_.end()) return;
  entries_.erase(place->second);
  places_.erase(place);
}

void ToldBook::note(const Address& source, const weir_sample& sample, WallTime time) {
  if (sample.verdict >= WEIR_VERDICT_COUNT) return;
  Told* told = real_.renew(source);
  if (told == nullptr) {
    const Told* before = others_.find(source);
    const Told begun = before != nullptr ? *before : Told{.since = time, .last = time};
    if (sample.validated != 0) {
      others_.remove(source);
      told = &real_.put(source, begun);
    } else {
      told = before != nullptr ? others_.renew(source) : &others_.put(source, begun);
    }
  }
  told->last = time;
  told->is_estimate = told->is_estimate || sample.estimated != 0;
  if (sample.unit == WEIR_SAMPLE_BYTES)
    told->bytes += sample.amount;
  else if (sample.unit == WEIR_SAMPLE_EVENTS)
    (sample.observed != 0 ? told->observed : told->verdicts)[sample.verdict] += sample.amount;
}

const Told* ToldBook::find(const Address& source) const {
  const Told* told = real_.find(source);
  return told != nullptr ? told : others_.find(source);
}

}  // namespace weir
