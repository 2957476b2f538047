// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/ban_table.h"

#include <algorithm>

#include "lib/table.h"

namespace weir {

Result<BanTable> BanTable::open(int sets_map, int bans_map, const weir_control* control) {
  auto sets = Mapped<weir_ban_set>::open(sets_map, "ban_sets");
  if (!sets) return tl::unexpected(std::move(sets.error()));
  auto bans = Mapped<weir_source_ban>::open(bans_map, "bans");
  if (!bans) return tl::unexpected(std::move(bans.error()));
  BanTable table(std::move(*sets), std::move(*bans), control);
  table.drop_strays();
  return table;
}

// Of ways and bans, and the seed that both hang on, each may have been pinned anew without the
// others: what no packet would be found by is taken out, so that it can be entered again.
void BanTable::drop_strays() {
  for (std::size_t set = 0; set < sets_.size(); set++)
    for (unsigned way = 0; way < WEIR_BAN_WAYS; way++) {
      const std::uint64_t id = load(set, way);
      if (id <= WEIR_ID_FREED) continue;
      const weir_source_ban& entry = bans_[set * WEIR_BAN_WAYS + way];
      if (entry.id == id && id_of(entry.source) == id)
        count_++;
      else
        publish(set, way, WEIR_ID_FREED);
    }
}

std::uint64_t BanTable::id_of(const weir_address& source) const {
  const weir_key key = weir_key_of(source.addr);
  return weir_source_id(control_->hash_seed, &key, 0);
}

std::uint64_t BanTable::load(std::size_t set, unsigned way) const {
  return __atomic_load_n(&sets_[set].ways[way].id, __ATOMIC_ACQUIRE);
}

void BanTable::publish(std::size_t set, unsigned way, std::uint64_t id) {
  __atomic_store_n(&sets_[set].ways[way].id, id, __ATOMIC_RELEASE);
}

// Where a ban is, or else the first way that it may take. The data path's search, and so this one,
// ends at a set whose last way was never taken.
BanTable::Place BanTable::locate(std::uint64_t id) const {
  const auto mask = static_cast<__u32>(sets_.size() - 1);
  Place free{0, WEIR_BAN_WAYS, false};
  for (unsigned probe = 0; probe < WEIR_BAN_PROBES; probe++) {
    const std::size_t set = (weir_set_of(id, mask) + probe) & mask;
    for (unsigned way = 0; way < WEIR_BAN_WAYS; way++) {
      const std::uint64_t there = load(set, way);
      if (there == id) return {set, way, true};
      if (there <= WEIR_ID_FREED && free.way == WEIR_BAN_WAYS) free = {set, way, false};
    }
    if (!weir_was_full(&sets_[set])) break;
  }
  return free;
}

Status BanTable::put(const weir_address& source, const weir_ban& ban) {
  const std::uint64_t id = id_of(source);
  const Place place = locate(id);
  // Half full at most: a search stays short, and there is a way within its reach.
  if (place.way == WEIR_BAN_WAYS || (!place.found && count_ >= capacity()))
    return fail(ErrorCode::kTooLarge, "the table of bans is full",
                "remove bans that are not needed, or set maxBans and restart with new pins");
  weir_source_ban& entry = bans_[place.set * WEIR_BAN_WAYS + place.way];
  if (!place.found) {
    entry.id = id;
    entry.source = source;
    entry.ban.dropped = 0;
    count_++;
  }
  entry.ban.own_until_ms = ban.own_until_ms;
  entry.ban.own_flags = ban.own_flags;
  entry.ban.flags = ban.flags;
  entry.ban.until_ms = ban.until_ms;
  __atomic_store_n(&sets_[place.set].ways[place.way].until, weir_ban_until(ban.until_ms, ban.flags),
                   __ATOMIC_RELAXED);
  publish(place.set, place.way, id);
  return {};
}

bool BanTable::remove(const weir_address& source) {
  const Place place = locate(id_of(source));
  if (!place.found) return false;
  // Where a search went on behind this set it must go on doing so.
  const bool was_full = weir_was_full(&sets_[place.set]) != 0;
  publish(place.set, place.way, was_full ? WEIR_ID_FREED : 0);
  bans_[place.set * WEIR_BAN_WAYS + place.way].id = 0;
  count_--;
  return true;
}

const weir_source_ban* BanTable::find(const weir_address& source) const {
  const Place place = locate(id_of(source));
  return place.found ? &bans_[place.set * WEIR_BAN_WAYS + place.way] : nullptr;
}

const weir_source_ban* BanTable::at(std::uint64_t index, std::uint64_t id) const {
  return index < bans_.size() && bans_[index].id == id ? &bans_[index] : nullptr;
}

void BanTable::for_each(const std::function<void(const weir_source_ban&)>& visit) const {
  for (std::size_t set = 0; set < sets_.size(); set++)
    for (unsigned way = 0; way < WEIR_BAN_WAYS; way++)
      if (load(set, way) > WEIR_ID_FREED) visit(bans_[set * WEIR_BAN_WAYS + way]);
}

}  // namespace weir
