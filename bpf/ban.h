/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Finds the ban of a source, and counts what it turns away. The agent alone adds and removes. */
#ifndef WEIR_BAN_H
#define WEIR_BAN_H

#include "clock.h"
#include "lib/table.h"
#include "maps.h"
#include "meter.h"
#include "nets.h"

/* Goes on behind a set that is full, or was once. Returns weir_ban_set's `until`, or 0. */
__noinline __u64 weir_find_ban_behind(__u64 id)
{
	__u32 first = weir_set_of(id, weir_ban_mask);

	for (int probe = 1; probe < WEIR_BAN_PROBES; probe++) {
		__u32 index = (first + probe) & weir_ban_mask, way;
		struct weir_ban_set *set = bpf_map_lookup_elem(&ban_sets, &index);

		if (!set)
			break;
		way = weir_find_ban_way(set, id);
		if (way != WEIR_NO_WAY)
			return WEIR_LOAD(&set->ways[way].until);
		if (!weir_was_full(set))
			break;
	}
	return 0;
}

/* Until when a source is banned, as in weir_ban_set; 0: it is not. */
static __always_inline __u64 weir_find_ban(__u64 id)
{
	__u32 index = weir_set_of(id, weir_ban_mask);
	struct weir_ban_set *set = bpf_map_lookup_elem(&ban_sets, &index);

	if (!set)
		return 0;
	for (int way = 0; way < WEIR_BAN_WAYS; way++)
		if (WEIR_LOAD(&set->ways[way].id) == id)
			return WEIR_LOAD(&set->ways[way].until);
	return WEIR_UNLIKELY(weir_was_full(set)) ? weir_find_ban_behind(id) : 0;
}

/* The index in `bans` of a ban that was found; a number beyond it when it is gone. */
static __always_inline __u32 weir_ban_index(__u64 id)
{
	__u32 first = weir_set_of(id, weir_ban_mask);

	for (int probe = 0; probe < WEIR_BAN_PROBES; probe++) {
		__u32 index = (first + probe) & weir_ban_mask, way;
		struct weir_ban_set *set = bpf_map_lookup_elem(&ban_sets, &index);

		way = set ? weir_find_ban_way(set, id) : WEIR_NO_WAY;
		if (way != WEIR_NO_WAY)
			return index * WEIR_BAN_WAYS + way;
	}
	return ~0u;
}

static __always_inline struct weir_source_ban *weir_ban_at(__u64 index)
{
	__u32 key = (__u32)index;

	return bpf_map_lookup_elem(&bans, &key);
}

/* Adds up what this CPU has counted for another banned source, and turns to this one. */
__noinline int weir_turn_to_ban(__u64 id, struct weir_stats *stats)
{
	struct weir_source_ban *ban;

	if (!stats)
		return 0;
	if (stats->ban_dropped) {
		ban = weir_ban_at(stats->ban_index);
		if (ban && ban->id == stats->ban_id)
			WEIR_ADD(&ban->ban.dropped, stats->ban_dropped);
	}
	stats->ban_index = weir_ban_index(id);
	ban = weir_ban_at(stats->ban_index);
	stats->ban_base = ban ? ban->ban.dropped : 0;
	stats->ban_id = id;
	stats->ban_dropped = 0;
	return 0;
}

/*
 * The number that the next packet turned away by a source's ban has. CPUs under a flood would
 * fight for the ban's own count, so each keeps its newest source's apart, in its ban_dropped,
 * and adds it up when another source comes.
 */
static __always_inline __u32 weir_next_banned(__u64 id, struct weir_stats *stats)
{
	if (WEIR_UNLIKELY(stats->ban_id != id))
		weir_turn_to_ban(id, stats);
	return (__u32)(stats->ban_base + stats->ban_dropped) + 1;
}

/*
 * Looks for a ban in force: `is_ours` when the packet is to a protected port, or may belong to
 * one. Returns the reason, and above its 32 bits how often that was; 0 when there is none.
 */
__noinline __u64 weir_judge_bans(const struct weir_facts *facts, __u32 is_ours,
				 struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u32 present = weir_control.present;

	if (!facts || !stats)
		return 0;
	if (present & WEIR_HAVE_BANS) {
		__u64 id = weir_id_of(set, facts, 0);
		__u64 until = weir_find_ban(id);

		if (until && weir_is_banned(until, is_ours, weir_now_ms(stats))) {
			__u64 serial = weir_next_banned(id, stats);

			stats->ban_dropped++;
			return serial << 32 | WEIR_REASON_BANNED_SOURCE;
		}
	}
	if (present & WEIR_HAVE_BAN_NETS) {
		struct weir_ban *ban;
		struct weir_net key;

		weir_net_key(facts, &key);
		ban = bpf_map_lookup_elem(&ban_nets, &key);
		if (ban && weir_is_banned(weir_ban_until(ban->until_ms, ban->flags), is_ours,
					  weir_now_ms(stats)))
			return (WEIR_ADD(&ban->dropped, 1) + 1) << 32 | WEIR_REASON_BANNED_NET;
	}
	return 0;
}

#endif
