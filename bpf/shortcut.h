/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Short cuts for the two kinds of plain packets that there may be a flood of: bulk data, and those
 * of banned sources. They count as the long way would, and leave to it whatever is in doubt.
 */
#ifndef WEIR_SHORTCUT_H
#define WEIR_SHORTCUT_H

#include "judge.h"
#include "lib/parse_plain.h"
#include "notices.h"
#include "samples.h"
#include "turned.h"

enum weir_short {
	WEIR_SHORT_NO,	  /* not settled: go the long way */
	WEIR_SHORT_CLEAR, /* nor this; but nobody has banned its source or network */
	WEIR_SHORT_PASS,
	WEIR_SHORT_DROP,
};

static __always_inline void weir_count_bulk(const struct weir_settings *set, __u16 port,
					    struct weir_stats *stats)
{
	stats->reasons[set->port_service[port] ? WEIR_REASON_NO_EVENT : WEIR_REASON_UNPROTECTED]++;
}

/* Whether it matters who sent a packet that starts nothing. */
static __always_inline int weir_is_guarded(void)
{
	return weir_control.present &
	       (WEIR_HAVE_BANS | WEIR_HAVE_BAN_NETS | WEIR_CHALLENGING | WEIR_TURNING);
}

/* Bulk data while that does not matter. Returns whether it was that; then it passes, and is
 * counted. */
static __always_inline int weir_settle_bulk(const struct weir_frame *frame)
{
	struct weir_stats *stats;
	__u16 port;

	if (!weir_is_bulk(frame, &port))
		return 0;
	stats = weir_my_stats();
	if (!stats || WEIR_UNLIKELY(weir_is_byte_sampled(stats, frame->length)))
		return 0;
	stats->bytes += frame->length;
	weir_count_bulk(weir_active(&weir_control), port, stats);
	return 1;
}

static __always_inline __u64 weir_plain_id(const struct weir_settings *set,
					   const struct weir_frame *frame, const int is_v6,
					   __u64 salt)
{
	struct weir_facts facts;

	weir_parse_plain_source(frame, is_v6, &facts);
	return weir_id_of(set, &facts, salt);
}

/* Plain packets while it does. */
static __always_inline enum weir_short weir_settle_plain(const struct weir_frame *frame,
							 const int is_v6)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u32 present = weir_control.present;
	struct weir_stats *stats;
	struct weir_plain plain;
	__u64 id = 0, until = 0;

	if (WEIR_UNLIKELY(!weir_parse_plain_head(frame, is_v6, &plain)))
		return WEIR_SHORT_NO;
	stats = weir_my_stats();
	if (!stats || WEIR_UNLIKELY(weir_is_byte_sampled(stats, frame->length)))
		return WEIR_SHORT_NO;
	if (present & WEIR_HAVE_BANS) {
		id = weir_plain_id(set, frame, is_v6, 0);
		until = weir_find_ban(id);
	}
	if (!until) {
		if (present & WEIR_HAVE_BAN_NETS)
			return WEIR_SHORT_NO;
		if (!weir_is_plain_bulk(&plain))
			return WEIR_SHORT_CLEAR;
		if (WEIR_UNLIKELY(present & WEIR_CHALLENGING) &&
		    !weir_is_validated(weir_plain_id(set, frame, is_v6, weir_validated_salt()),
				       weir_now_ms(stats)))
			return WEIR_SHORT_CLEAR;
		if (WEIR_UNLIKELY(present & WEIR_TURNING) && set->port_service[plain.port] &&
		    weir_is_turned(weir_plain_id(set, frame, is_v6,
						 weir_turned_salt(set->port_service[plain.port])),
				   weir_now_ms(stats)))
			return WEIR_SHORT_CLEAR;
		stats->bytes += frame->length;
		weir_count_bulk(set, plain.port, stats);
		return WEIR_SHORT_PASS;
	}
	if (WEIR_UNLIKELY(
		present & (WEIR_HAVE_ALLOW_NETS | WEIR_RESETS) || set->mode != WEIR_MODE_ENFORCE ||
		!weir_is_banned(until, set->port_service[plain.port], weir_now_ms(stats)) ||
		weir_is_worth_a_notice(weir_next_banned(id, stats))))
		return WEIR_SHORT_NO;
	stats->bytes += frame->length;
	stats->ban_dropped++;
	stats->reasons[WEIR_REASON_BANNED_SOURCE]++;
	return WEIR_SHORT_DROP;
}

#endif
