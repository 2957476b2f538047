/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The short cut of plain packets: the two kinds that there may be a flood of are settled with
 * few instructions, and all others leave with their facts known.
 */
#ifndef WEIR_SHORTCUT_H
#define WEIR_SHORTCUT_H

#include "judge.h"
#include "lib/parse.h"
#include "notices.h"

enum weir_short {
	WEIR_SHORT_NO,	  /* not plain: nothing is known */
	WEIR_SHORT_FACTS, /* plain, and these are its facts */
	WEIR_SHORT_PASS,
	WEIR_SHORT_DROP,
};

/*
 * Whether its source's ban turns a plain packet away without more ado; SHORT_FACTS when it might
 * be let through all the same, or is to be told.
 */
static __always_inline enum weir_short weir_short_ban(const struct weir_settings *set,
						      __u32 present, const struct weir_frame *frame,
						      const int is_v6, __u16 port,
						      struct weir_stats *stats)
{
	struct weir_address key __attribute__((aligned(8)));
	struct weir_facts source;
	struct weir_ban *ban;

	weir_parse_plain_source(frame, is_v6, &source);
	weir_mask(set, &source, key.addr);
	ban = bpf_map_lookup_elem(&bans, &key);
	if (!ban)
		return WEIR_SHORT_PASS;
	if (WEIR_UNLIKELY(present & WEIR_HAVE_ALLOW_NETS || set->mode != WEIR_MODE_ENFORCE ||
			  !weir_is_in_force(ban, set->port_service[port], stats) ||
			  weir_is_worth_a_notice(weir_next_banned(ban, &key, stats))))
		return WEIR_SHORT_FACTS;
	stats->ban_dropped++;
	stats->reasons[WEIR_REASON_BANNED_SOURCE]++;
	stats->actions[WEIR_ACTION_DROP]++;
	return WEIR_SHORT_DROP;
}

/*
 * The short cut for the two kinds of plain packets that there may be a flood of: those of
 * banned sources, and bulk data while no network is banned. Counts as the long way would.
 */
static __always_inline enum weir_short weir_handle_short(const struct weir_frame *frame,
							 const int is_v6, struct weir_stats *stats,
							 struct weir_facts *facts)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u32 present = weir_control.present;
	enum weir_short ban = WEIR_SHORT_PASS;
	struct weir_plain plain;

	if (WEIR_UNLIKELY(!weir_parse_plain_head(frame, is_v6, facts, &plain)))
		return WEIR_SHORT_NO;
	if (present & WEIR_HAVE_BANS) {
		ban = weir_short_ban(set, present, frame, is_v6, facts->port, stats);
		if (ban == WEIR_SHORT_DROP)
			return ban;
	}
	if (WEIR_LIKELY(weir_is_bulk(&plain) && ban == WEIR_SHORT_PASS &&
			!(present & WEIR_HAVE_BAN_NETS))) {
		stats->reasons[set->port_service[facts->port] ? WEIR_REASON_NO_EVENT
							      : WEIR_REASON_UNPROTECTED]++;
		return WEIR_SHORT_PASS;
	}
	weir_parse_plain_source(frame, is_v6, facts);
	return weir_parse_plain_rest(frame, &plain, facts) ? WEIR_SHORT_FACTS : WEIR_SHORT_NO;
}

#endif
