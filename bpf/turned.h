/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Sources that are being turned away with the page. Their new connections are made by SYN cookie,
 * answered and ended here, so that the host has nothing to do with them: as long as their next
 * request would be turned away too. XDP only.
 */
#ifndef WEIR_TURNED_H
#define WEIR_TURNED_H

#include "clock.h"
#include "connection.h"
#include "maps.h"
#include "meter.h"

/* For who has connected just before his window has passed: his request gets an answer still. */
#define WEIR_TURNED_GRACE_MS 2000

/* Whose id is one with weir_turned_salt(). */
static __always_inline struct weir_turned *weir_turned_at(__u64 id)
{
	__u32 index = (__u32)id & (WEIR_TURNED - 1);

	return bpf_map_lookup_elem(&turned, &index);
}

static __always_inline __u64 weir_turned_salt(__u32 service)
{
	return weir_event_salt(service, WEIR_EVENT_KICK);
}

/* Whether a source was turned away not long ago. */
static __always_inline int weir_is_turned(__u64 id, __u64 now_ms)
{
	const struct weir_turned *entry = weir_turned_at(id);
	__u64 word = entry ? WEIR_LOAD(&entry->word) : 0;

	return word && word >> 32 == id >> 32 && (__s32)((__u32)word - (__u32)now_ms) > 0;
}

/* The same of a packet's source, by a service: index + 1. */
static __always_inline int weir_was_turned(const struct weir_facts *facts, __u32 service,
					   __u64 now_ms)
{
	const struct weir_settings *set = weir_active(&weir_control);

	return weir_is_turned(weir_id_of(set, facts, weir_turned_salt(service)), now_ms);
}

/*
 * A source that is at its address was turned away by a service: its window passes within the
 * limit's timeout.
 */
__noinline int weir_note_turned(const struct weir_facts *facts, __u32 service,
				struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	struct weir_turned *entry;
	__u32 until;
	__u64 id;

	if (!facts || !stats)
		return 0;
	id = weir_id_of(set, facts, weir_turned_salt(service));
	entry = weir_turned_at(id);
	if (!entry)
		return 0;
	until = (__u32)weir_now_ms(stats) + WEIR_TURNED_GRACE_MS +
		set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)]
		    .limits[WEIR_EVENT_REQUEST]
		    .timeout_ms;
	WEIR_STORE(&entry->word, id >> 32 << 32 | until);
	if (!(WEIR_LOAD(&weir_control.present) & WEIR_TURNING))
		WEIR_OR(&weir_control.present, WEIR_TURNING);
	return 1;
}

/* Whether a limit would turn away the next event of a source. */
static __always_inline int weir_would_kick(const struct weir_limit *limit, __u64 id, __u64 now_ms,
					   struct weir_stats *stats)
{
	struct weir_slide *slide;
	__u64 word;

	if (!limit->enabled)
		return 0;
	if (limit->window == WEIR_WINDOW_SLIDING) {
		slide = weir_find_slide(id, stats);
		if (slide) {
			word = weir_slide_next(WEIR_LOAD(&slide->word), limit, now_ms);
			return weir_slide_level(slide, limit, word, now_ms) == WEIR_LEVEL_KICK;
		}
	}
	word = weir_burst_next(weir_burst_word(id), now_ms, limit->timeout_ms, 1);
	return weir_word_count(word) > limit->to_much;
}

/* Whether a source's new connection is to be kept from the host. `service`: index + 1. */
__noinline int weir_is_unwanted(const struct weir_facts *facts, __u32 service,
				struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u64 now_ms;

	if (!facts || !stats || set->mode != WEIR_MODE_ENFORCE)
		return 0;
	now_ms = weir_now_ms(stats);
	return weir_was_turned(facts, service, now_ms) &&
	       weir_would_kick(&set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)]
				    .limits[WEIR_EVENT_REQUEST],
			       weir_id_of(set, facts, weir_event_salt(service, WEIR_EVENT_REQUEST)),
			       now_ms, stats);
}

/*
 * Whether a request by cookie, which the host need not know, has to be answered here although its
 * source may ask again: the host would refuse a cookie that it did not send. `reason`: of its
 * verdict.
 */
static __always_inline int weir_is_left_here(const struct weir_facts *facts, __u32 service,
					     __u32 reason, struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u32 verdict = weir_reason_verdict(reason);

	return (verdict == WEIR_VERDICT_PASS || verdict == WEIR_VERDICT_THROTTLE) &&
	       set->mode == WEIR_MODE_ENFORCE &&
	       !(WEIR_LOAD(&weir_control.present) & WEIR_CAN_CHALLENGE) &&
	       weir_was_turned(facts, service, weir_now_ms(stats));
}

/* Whether a segment is of a connection that was kept from the host. */
static __always_inline int weir_is_kept_here(struct xdp_md *ctx, const struct weir_facts *facts,
					     __u32 service, struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	struct weir_known known;

	return set->mode == WEIR_MODE_ENFORCE &&
	       weir_was_turned(facts, service, weir_now_ms(stats)) &&
	       weir_socket_state(ctx, WEIR_HOOK_XDP, facts, &known) == BPF_TCP_LISTEN;
}

#endif
