/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Tells user space about verdicts. Advisory: so many a second and CPU, the rest counted as
 * lost. Nothing the data path decides depends on it.
 */
#ifndef WEIR_NOTICES_H
#define WEIR_NOTICES_H

#include "clock.h"
#include "hook.h"
#include "judge.h"
#include "maps.h"

#define WEIR_NOTICES_A_SECOND 1000
/* The last part of a second's share is kept for a source's first offences. */
#define WEIR_NOTICES_FIRST 250
/* After so many in a row only every power of two is told. */
#define WEIR_NOTICES_IN_A_ROW 32

static __always_inline int weir_is_worth_a_notice(__u32 serial)
{
	return serial && (serial <= WEIR_NOTICES_IN_A_ROW || !(serial & (serial - 1)));
}

/* Takes one from this second's share. */
static __always_inline int weir_notice_admit(struct weir_stats *stats, int is_first)
{
	__u64 second = weir_now_ms(stats) / 1000;

	if (stats->notice_second != second) {
		stats->notice_second = second;
		stats->notice_count = 0;
	}
	if (stats->notice_count >= WEIR_NOTICES_A_SECOND - (is_first ? 0 : WEIR_NOTICES_FIRST))
		return 0;
	stats->notice_count++;
	return 1;
}

/* A reserved record with all but its head filled in; NULL (and counted) when there is no room. */
static __always_inline struct weir_notice *
weir_notice_begin(struct weir_stats *stats, const struct weir_facts *facts, int is_first)
{
	struct weir_notice *notice = NULL;

	if (weir_notice_admit(stats, is_first))
		notice = bpf_ringbuf_reserve(&notices, sizeof(*notice), 0);
	if (!notice) {
		stats->notices_lost++;
		return NULL;
	}
	stats->notices_sent++;
	__builtin_memset(notice, 0, sizeof(*notice));
	notice->time_ns = weir_precise_ms() * WEIR_NS_PER_MS;
	__builtin_memcpy(notice->addr, facts->addr, sizeof(notice->addr));
	notice->source_port = facts->source_port;
	notice->port = facts->port;
	notice->family = facts->family;
	notice->interface = (__u8)weir_slot;
	return notice;
}

/* A notice's record but for its head. What the reader finds is in struct weir_notice. */
static __always_inline struct weir_notice *weir_describe(const struct weir_facts *facts,
							 const struct weir_outcome *outcome)
{
	struct weir_stats *stats = weir_my_stats();
	struct weir_notice *notice;

	if (!stats || !facts || !outcome)
		return NULL;
	/* What the agent has to do something about comes first. */
	notice = weir_notice_begin(stats, facts,
				   outcome->serial <= 1 || outcome->ban_due ||
				       outcome->answer != WEIR_ACTION_DROP);
	if (!notice)
		return NULL;
	notice->reason = (__u8)outcome->reason;
	notice->observed = (__u8)outcome->is_observed;
	notice->service = (__u8)outcome->service;
	notice->event = outcome->count ? (__u8)outcome->event : 0;
	notice->count = outcome->count;
	notice->action = (__u8)outcome->answer;
	notice->rule = (__u16)WEIR_READ_RULE(outcome->request);
	notice->ban_due = (__u8)outcome->ban_due;
	notice->validated = (__u8)outcome->is_real;
	return notice;
}

/*
 * The address of this host: where the packet goes to, and, once it was turned into an answer, where
 * it comes from.
 */
static __always_inline void weir_tell_local(void *ctx, enum weir_hook hook,
					    const struct weir_facts *facts, int is_answered,
					    struct weir_notice *notice)
{
	__u32 at = facts->ip_offset;

	if (facts->family) {
		at +=
		    is_answered ? offsetof(struct ipv6hdr, saddr) : offsetof(struct ipv6hdr, daddr);
		weir_load_bytes(ctx, hook, at, notice->local, sizeof(notice->local));
	} else {
		at += is_answered ? offsetof(struct iphdr, saddr) : offsetof(struct iphdr, daddr);
		notice->local[2] = bpf_htonl(0xffff);
		weir_load_bytes(ctx, hook, at, &notice->local[3], sizeof(notice->local[3]));
	}
}

static __always_inline int weir_notify(void *ctx, enum weir_hook hook,
				       const struct weir_facts *facts,
				       const struct weir_outcome *outcome)
{
	struct weir_notice *notice = weir_describe(facts, outcome);
	struct weir_desk *desk = weir_my_desk();

	if (!notice)
		return 0;
	weir_tell_local(ctx, hook, facts, outcome->answer != WEIR_ACTION_DROP, notice);
	/* As it was read: the packet may be an answer by now. */
	if (desk && outcome->request) {
		__u32 length = facts->payload_length - WEIR_SEGMENT_SKIP(outcome->segment);

		__builtin_memcpy(notice->head, desk->data, sizeof(notice->head));
		notice->head_length = (__u8)(length < WEIR_NOTICE_HEAD ? length : WEIR_NOTICE_HEAD);
	}
	bpf_ringbuf_submit(notice, 0);
	return 0;
}

/* Seldom called, and so not inlined: the common paths keep their registers. */
__noinline int weir_notify_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
			       const struct weir_outcome *outcome)
{
	return weir_notify(ctx, WEIR_HOOK_XDP, facts, outcome);
}

__noinline int weir_notify_tc(struct __sk_buff *skb, const struct weir_facts *facts,
			      const struct weir_outcome *outcome)
{
	return weir_notify(skb, WEIR_HOOK_TC, facts, outcome);
}

#endif
