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

static __always_inline void weir_notify(void *ctx, enum weir_hook hook, struct weir_stats *stats,
					const struct weir_facts *facts,
					const struct weir_outcome *outcome, int is_observed)
{
	struct weir_notice *notice;
	__u32 length = facts->payload_length;

	if (!weir_is_worth_a_notice(outcome->serial))
		return;
	notice = weir_notice_begin(stats, facts, outcome->serial <= 1);
	if (!notice)
		return;
	notice->reason = (__u8)outcome->reason;
	notice->observed = (__u8)is_observed;
	notice->service = (__u8)outcome->service;
	notice->event = outcome->count ? (__u8)outcome->event : 0;
	notice->count = outcome->count;
	if (outcome->count && outcome->event == WEIR_EVENT_REQUEST) {
		if (length > WEIR_NOTICE_HEAD)
			length = WEIR_NOTICE_HEAD;
		if (length > 0 &&
		    !(hook == WEIR_HOOK_XDP
			  ? bpf_xdp_load_bytes(ctx, facts->payload_offset, notice->head, length)
			  : bpf_skb_load_bytes(ctx, facts->payload_offset, notice->head, length)))
			notice->head_length = (__u8)length;
	}
	bpf_ringbuf_submit(notice, 0);
}

static __always_inline int weir_is_allowed(const struct weir_control *control,
					   const struct weir_facts *facts)
{
	struct weir_net key;

	if (!(control->present & WEIR_HAVE_ALLOW_NETS) || facts->layer == WEIR_LAYER_NONE)
		return 0;
	weir_net_key(facts, &key);
	return bpf_map_lookup_elem(&allow_nets, &key) != NULL;
}

/* Counts a verdict other than pass, as it is carried out: by `reason`. */
static __always_inline void weir_count(struct weir_stats *stats, const struct weir_facts *facts,
				       const struct weir_outcome *outcome, __u32 verdict,
				       __u32 reason)
{
	struct weir_event_counters *counters;

	if (reason == WEIR_REASON_OBSERVED)
		stats->observed[verdict]++;
	else if (reason != WEIR_REASON_ALLOWED)
		stats->actions[verdict == WEIR_VERDICT_THROTTLE ? WEIR_ACTION_DEFERRED
								: WEIR_ACTION_DROP]++;
	if (!outcome->count)
		return;
	counters = &stats->events[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)]
				 [outcome->event & (WEIR_EVENT_COUNT - 1)][facts->family & 1];
	if (reason == WEIR_REASON_ALLOWED)
		counters->allow++;
	else if (verdict == WEIR_VERDICT_THROTTLE)
		reason == WEIR_REASON_OBSERVED ? counters->observed_throttle++
					       : counters->throttle++;
	else
		reason == WEIR_REASON_OBSERVED ? counters->observed_kick++ : counters->kick++;
}

/* The one exit. Returns whether the packet is to be dropped. */
static __always_inline int weir_settle(void *ctx, enum weir_hook hook,
				       const struct weir_control *control,
				       const struct weir_settings *set, struct weir_stats *stats,
				       const struct weir_facts *facts,
				       const struct weir_outcome *outcome)
{
	__u32 reason = outcome->reason;
	__u32 verdict = weir_reason_verdict(reason);

	if (outcome->count)
		stats
		    ->events[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)]
			    [outcome->event & (WEIR_EVENT_COUNT - 1)][facts->family & 1]
		    .events++;
	if (verdict != WEIR_VERDICT_PASS) {
		if (weir_is_allowed(control, facts))
			reason = WEIR_REASON_ALLOWED;
		else if (set->mode != WEIR_MODE_ENFORCE)
			reason = WEIR_REASON_OBSERVED;
		weir_count(stats, facts, outcome, verdict, reason);
		if (reason != WEIR_REASON_ALLOWED && reason != WEIR_REASON_HELD &&
		    reason != WEIR_REASON_KICKED_AGAIN)
			weir_notify(ctx, hook, stats, facts, outcome,
				    reason == WEIR_REASON_OBSERVED);
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
 * All that both hooks do, once they have their frame. Returns whether the packet is to be
 * dropped. Bulk data, while no ban is in force, is counted and passed at once.
 */
static __always_inline int weir_handle(void *ctx, enum weir_hook hook,
				       const struct weir_frame *frame)
{
	const struct weir_control *control = &weir_control;
	const struct weir_settings *set = &control->slots[WEIR_LOAD(&control->active) & 1];
	__u32 present = control->present & (WEIR_HAVE_BANS | WEIR_HAVE_BAN_NETS);
	__u32 slot = weir_slot;
	struct weir_stats *stats = bpf_map_lookup_elem(&stats_by_slot, &slot);
	struct weir_outcome outcome;
	struct weir_facts facts;
	enum weir_shape shape;

	if (!stats)
		return 0;
	stats->bytes += frame->length;
	shape = weir_parse_plain(frame, !present, &facts);
	if (shape == WEIR_SHAPE_BULK) {
		stats->reasons[set->port_service[facts.port] ? WEIR_REASON_NO_EVENT
							     : WEIR_REASON_UNPROTECTED]++;
		return 0;
	}
	if (shape == WEIR_SHAPE_OTHER) {
		__be16 type = 0;
		__u32 offset;

		__builtin_memset(&facts, 0, sizeof(facts));
		offset = weir_parse_link(frame, &type, &facts);
		if (offset && hook == WEIR_HOOK_XDP)
			weir_parse_xdp(ctx, &facts, offset, type);
		else if (offset)
			weir_parse_tc(ctx, &facts, offset, type);
	}
	weir_judge(control, set, present, &facts, stats, &outcome);
	return weir_settle(ctx, hook, control, set, stats, &facts, &outcome);
}

SEC("xdp")
int weir_xdp(struct xdp_md *ctx)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);

	return weir_handle(ctx, WEIR_HOOK_XDP, &frame) ? XDP_DROP : XDP_PASS;
}

/* UNSPEC, not OK: other filters of the hook have their turn. */
SEC("tc")
int weir_tc(struct __sk_buff *skb)
{
	struct weir_frame frame;

	if (skb->data_end - skb->data < WEIR_PULL && skb->data_end - skb->data < skb->len)
		bpf_skb_pull_data(skb, skb->len < WEIR_PULL ? skb->len : WEIR_PULL);
	frame = weir_frame_tc(skb);
	return weir_handle(skb, WEIR_HOOK_TC, &frame) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
