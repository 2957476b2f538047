// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The data path: one XDP program, and the same as a tc (clsact) ingress program for interfaces
 * that cannot do XDP. Facts, then a reason, then one exit that counts, tells and acts.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "judge.h"
#include "lib/parse.h"
#include "notices.h"

/* So much of a packet is made linear under tc: all headers that are followed, and more. */
#define WEIR_PULL 512

/* Where the frame comes from: copying bytes out of it is all that differs. */
enum weir_hook { WEIR_HOOK_XDP, WEIR_HOOK_TC };

static __always_inline struct weir_frame weir_frame_xdp(const struct xdp_md *ctx)
{
	return (struct weir_frame){
	    .data = (const __u8 *)(long)ctx->data,
	    .end = (const __u8 *)(long)ctx->data_end,
	    .length = ctx->data_end - ctx->data,
	};
}

static __always_inline struct weir_frame weir_frame_tc(const struct __sk_buff *skb)
{
	return (struct weir_frame){
	    .data = (const __u8 *)(long)skb->data,
	    .end = (const __u8 *)(long)skb->data_end,
	    .length = skb->len,
	};
}

static __always_inline const struct weir_settings *weir_active(const struct weir_control *control)
{
	return &control->slots[WEIR_LOAD(&control->active) & 1];
}

static __always_inline struct weir_stats *weir_my_stats(void)
{
	__u32 slot = weir_slot;

	return bpf_map_lookup_elem(&stats_by_slot, &slot);
}

/* A notice's record but for its head. What the reader finds is in struct weir_notice. */
static __always_inline struct weir_notice *weir_describe(const struct weir_facts *facts,
							 const struct weir_outcome *outcome)
{
	struct weir_stats *stats = weir_my_stats();
	struct weir_notice *notice;

	if (!stats || !facts || !outcome)
		return NULL;
	notice = weir_notice_begin(stats, facts, outcome->serial <= 1);
	if (!notice)
		return NULL;
	notice->reason = (__u8)outcome->reason;
	notice->observed = (__u8)outcome->is_observed;
	notice->service = (__u8)outcome->service;
	notice->event = outcome->count ? (__u8)outcome->event : 0;
	notice->count = outcome->count;
	return notice;
}

/* How much of a request there is to tell; 0 when it is none. */
static __always_inline __u32 weir_head_length(const struct weir_facts *facts,
					      const struct weir_outcome *outcome)
{
	__u32 length = facts->payload_length;

	if (!outcome->count || outcome->event != WEIR_EVENT_REQUEST)
		return 0;
	return length < WEIR_NOTICE_HEAD ? length : WEIR_NOTICE_HEAD;
}

/* Seldom called, and so not inlined: the common paths keep their registers. */
__noinline int weir_notify_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
			       const struct weir_outcome *outcome)
{
	struct weir_notice *notice = weir_describe(facts, outcome);
	__u32 length;

	if (!notice)
		return 0;
	length = weir_head_length(facts, outcome);
	if (length && !bpf_xdp_load_bytes(ctx, facts->payload_offset, notice->head, length))
		notice->head_length = (__u8)length;
	bpf_ringbuf_submit(notice, 0);
	return 0;
}

__noinline int weir_notify_tc(struct __sk_buff *skb, const struct weir_facts *facts,
			      const struct weir_outcome *outcome)
{
	struct weir_notice *notice = weir_describe(facts, outcome);
	__u32 length;

	if (!notice)
		return 0;
	length = weir_head_length(facts, outcome);
	if (length && !bpf_skb_load_bytes(skb, facts->payload_offset, notice->head, length))
		notice->head_length = (__u8)length;
	bpf_ringbuf_submit(notice, 0);
	return 0;
}

static __always_inline int weir_is_allowed(const struct weir_facts *facts)
{
	struct weir_net key;

	if (facts->layer == WEIR_LAYER_NONE)
		return 0;
	weir_net_key(facts, &key);
	return bpf_map_lookup_elem(&allow_nets, &key) != NULL;
}

/* Counts a verdict other than pass in the way that it was carried out; returns the reason why. */
static __always_inline __u32 weir_carry_out(const struct weir_control *control,
					    const struct weir_settings *set,
					    struct weir_stats *stats,
					    const struct weir_facts *facts, __u32 verdict,
					    __u32 reason, struct weir_event_counters *counters)
{
	if (WEIR_UNLIKELY(control->present & WEIR_HAVE_ALLOW_NETS) && weir_is_allowed(facts)) {
		if (counters)
			counters->allow++;
		return WEIR_REASON_ALLOWED;
	}
	if (WEIR_UNLIKELY(set->mode != WEIR_MODE_ENFORCE)) {
		stats->observed[verdict]++;
		if (counters && verdict == WEIR_VERDICT_THROTTLE)
			counters->observed_throttle++;
		else if (counters)
			counters->observed_kick++;
		return WEIR_REASON_OBSERVED;
	}
	if (verdict == WEIR_VERDICT_THROTTLE) {
		stats->actions[WEIR_ACTION_DEFERRED]++;
		if (counters)
			counters->throttle++;
	} else {
		stats->actions[WEIR_ACTION_DROP]++;
		if (counters)
			counters->kick++;
	}
	return reason;
}

/* The one exit. Returns whether the packet is to be dropped. */
static __always_inline int weir_settle(void *ctx, enum weir_hook hook,
				       const struct weir_control *control,
				       const struct weir_settings *set, struct weir_stats *stats,
				       const struct weir_facts *facts,
				       const struct weir_outcome *outcome)
{
	__u32 verdict = weir_reason_verdict(outcome->reason), reason = outcome->reason;
	struct weir_event_counters *counters = NULL;

	if (outcome->count) {
		counters =
		    &stats->events[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)]
				  [outcome->event & (WEIR_EVENT_COUNT - 1)][facts->family & 1];
		counters->events++;
	}
	if (verdict != WEIR_VERDICT_PASS) {
		reason = weir_carry_out(control, set, stats, facts, verdict, reason, counters);
		if (WEIR_UNLIKELY(weir_is_worth_a_notice(outcome->serial) &&
				  reason != WEIR_REASON_ALLOWED)) {
			/* A copy: the outcome itself need not be in memory for this. */
			struct weir_outcome told = *outcome;

			told.is_observed = reason == WEIR_REASON_OBSERVED;
			if (hook == WEIR_HOOK_XDP)
				weir_notify_xdp(ctx, facts, &told);
			else
				weir_notify_tc(ctx, facts, &told);
		}
	}
	if (reason < WEIR_REASON_COUNT)
		stats->reasons[reason]++;
	return verdict != WEIR_VERDICT_PASS && reason == outcome->reason;
}

/*
 * Parsing IP is a global function, which the verifier checks once and not again for every
 * number of VLAN tags and every way that the rest can be reached.
 */
__noinline int weir_parse_xdp(struct xdp_md *ctx, struct weir_facts *facts, __u32 offset,
			      __u32 type)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);

	if (!facts || offset > WEIR_LINK_MAX)
		return -1;
	weir_parse_ip(&frame, offset, (__be16)type, facts);
	return 0;
}

__noinline int weir_parse_tc(struct __sk_buff *skb, struct weir_facts *facts, __u32 offset,
			     __u32 type)
{
	const struct weir_frame frame = weir_frame_tc(skb);

	if (!facts || offset > WEIR_LINK_MAX)
		return -1;
	weir_parse_ip(&frame, offset, (__be16)type, facts);
	return 0;
}

/*
 * The long way, once the facts are known: judges and settles. A global function per hook, so
 * that the short cut keeps all registers for itself.
 */
static __always_inline int weir_handle(void *ctx, enum weir_hook hook,
				       const struct weir_facts *facts)
{
	const struct weir_control *control = &weir_control;
	const struct weir_settings *set = weir_active(control);
	struct weir_stats *stats = weir_my_stats();
	struct weir_outcome outcome;

	if (!stats || !facts)
		return 0;
	weir_judge(control, set, control->present, facts, stats, &outcome);
	return weir_settle(ctx, hook, control, set, stats, facts, &outcome);
}

__noinline int weir_handle_xdp(struct xdp_md *ctx, const struct weir_facts *facts)
{
	return weir_handle(ctx, WEIR_HOOK_XDP, facts) ? XDP_DROP : XDP_PASS;
}

/* UNSPEC, not OK: other filters of the hook have their turn. */
__noinline int weir_handle_tc(struct __sk_buff *skb, const struct weir_facts *facts)
{
	return weir_handle(skb, WEIR_HOOK_TC, facts) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

enum weir_short {
	WEIR_SHORT_NO,	  /* not plain: nothing is known */
	WEIR_SHORT_FACTS, /* plain, and these are its facts */
	WEIR_SHORT_PASS,
	WEIR_SHORT_DROP,
};

/* In `facts` a plain packet's source and port. Whether its source's ban turns it away without
 * more ado; SHORT_FACTS when it might be let through all the same, or is to be told. */
static __always_inline enum weir_short weir_short_ban(const struct weir_settings *set,
						      __u32 present, const struct weir_facts *facts,
						      struct weir_stats *stats)
{
	struct weir_address key __attribute__((aligned(8)));
	struct weir_ban *ban;

	weir_mask(set, facts, key.addr);
	ban = bpf_map_lookup_elem(&bans, &key);
	if (!ban)
		return WEIR_SHORT_PASS;
	if (WEIR_UNLIKELY(present & WEIR_HAVE_ALLOW_NETS || set->mode != WEIR_MODE_ENFORCE ||
			  !weir_is_in_force(ban, set->port_service[facts->port], stats) ||
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
		weir_parse_plain_source(frame, is_v6, facts);
		ban = weir_short_ban(set, present, facts, stats);
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

/* What is not plain IPv4. */
__noinline int weir_other_xdp(struct xdp_md *ctx)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);
	struct weir_stats *stats = weir_my_stats();
	struct weir_facts facts;
	enum weir_short cut;
	__be16 type = 0;
	__u32 offset;

	if (!stats)
		return XDP_PASS;
	cut = weir_handle_short(&frame, 1, stats, &facts);
	if (cut >= WEIR_SHORT_PASS)
		return cut == WEIR_SHORT_DROP ? XDP_DROP : XDP_PASS;
	if (cut == WEIR_SHORT_NO) {
		__builtin_memset(&facts, 0, sizeof(facts));
		offset = weir_parse_link(&frame, &type, &facts);
		if (offset)
			weir_parse_xdp(ctx, &facts, offset, type);
	}
	return weir_handle_xdp(ctx, &facts);
}

__noinline int weir_other_tc(struct __sk_buff *skb)
{
	const struct weir_frame frame = weir_frame_tc(skb);
	struct weir_stats *stats = weir_my_stats();
	struct weir_facts facts;
	enum weir_short cut;
	__be16 type = 0;
	__u32 offset;

	if (!stats)
		return TC_ACT_UNSPEC;
	cut = weir_handle_short(&frame, 1, stats, &facts);
	if (cut >= WEIR_SHORT_PASS)
		return cut == WEIR_SHORT_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	if (cut == WEIR_SHORT_NO) {
		__builtin_memset(&facts, 0, sizeof(facts));
		offset = weir_parse_link(&frame, &type, &facts);
		if (offset)
			weir_parse_tc(skb, &facts, offset, type);
	}
	return weir_handle_tc(skb, &facts);
}

SEC("xdp")
int weir_xdp(struct xdp_md *ctx)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);
	struct weir_stats *stats = weir_my_stats();
	struct weir_facts facts;

	if (!stats)
		return XDP_PASS;
	stats->bytes += frame.length;
	switch (weir_handle_short(&frame, 0, stats, &facts)) {
	case WEIR_SHORT_PASS:
		return XDP_PASS;
	case WEIR_SHORT_DROP:
		return XDP_DROP;
	case WEIR_SHORT_FACTS:
		return weir_handle_xdp(ctx, &facts);
	case WEIR_SHORT_NO:
		break;
	}
	return weir_other_xdp(ctx);
}

SEC("tc")
int weir_tc(struct __sk_buff *skb)
{
	struct weir_stats *stats = weir_my_stats();
	struct weir_facts facts;
	struct weir_frame frame;

	if (!stats)
		return TC_ACT_UNSPEC;
	if (skb->data_end - skb->data < WEIR_PULL && skb->data_end - skb->data < skb->len)
		bpf_skb_pull_data(skb, skb->len < WEIR_PULL ? skb->len : WEIR_PULL);
	frame = weir_frame_tc(skb);
	stats->bytes += frame.length;
	switch (weir_handle_short(&frame, 0, stats, &facts)) {
	case WEIR_SHORT_PASS:
		return TC_ACT_UNSPEC;
	case WEIR_SHORT_DROP:
		return TC_ACT_SHOT;
	case WEIR_SHORT_FACTS:
		return weir_handle_tc(skb, &facts);
	case WEIR_SHORT_NO:
		break;
	}
	return weir_other_tc(skb);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
