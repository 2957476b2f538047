// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The data path: one XDP program, and the same as a tc (clsact) ingress program for interfaces
 * that cannot do XDP. Facts, then a reason, then one exit that counts, tells and acts.
 *
 * What is not on the common path is a global function: the verifier checks each once, not again
 * for every way that leads there, and the common path keeps all registers for itself. Such
 * functions need their hook's own type of context, so there is one of each per hook.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "hook.h"
#include "judge.h"
#include "lib/parse.h"
#include "settle.h"
#include "shortcut.h"

/* So much of a packet is made linear under tc: all headers that are followed, and more. */
#define WEIR_PULL 512

/* IP and TCP at an offset behind all tags. */
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

/* Judges and settles, once the facts are known. Returns whether to drop the packet. */
static __always_inline int weir_handle(void *ctx, enum weir_hook hook,
				       const struct weir_facts *facts, struct weir_stats *stats)
{
	const struct weir_control *control = &weir_control;
	const struct weir_settings *set = weir_active(control);
	struct weir_outcome outcome;

	if (!stats || !facts)
		return 0;
	weir_judge(control, set, control->present, facts, stats, &outcome);
	return weir_settle(ctx, hook, control, set, stats, facts, &outcome);
}

__noinline int weir_handle_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
			       struct weir_stats *stats)
{
	return weir_handle(ctx, WEIR_HOOK_XDP, facts, stats);
}

__noinline int weir_handle_tc(struct __sk_buff *skb, const struct weir_facts *facts,
			      struct weir_stats *stats)
{
	return weir_handle(skb, WEIR_HOOK_TC, facts, stats);
}

static __always_inline int weir_handle_facts(void *ctx, enum weir_hook hook,
					     const struct weir_facts *facts,
					     struct weir_stats *stats)
{
	return hook == WEIR_HOOK_XDP ? weir_handle_xdp(ctx, facts, stats)
				     : weir_handle_tc(ctx, facts, stats);
}

/* What is not plain IPv4. Returns whether to drop the packet. */
static __always_inline int weir_other(void *ctx, enum weir_hook hook,
				      const struct weir_frame *frame)
{
	struct weir_stats *stats = weir_my_stats();
	struct weir_facts facts;
	enum weir_short cut;
	__be16 type = 0;
	__u32 offset;

	if (!stats)
		return 0;
	cut = weir_handle_short(frame, 1, stats, &facts);
	if (cut >= WEIR_SHORT_PASS)
		return cut == WEIR_SHORT_DROP;
	if (cut == WEIR_SHORT_NO) {
		__builtin_memset(&facts, 0, sizeof(facts));
		offset = weir_parse_link(frame, &type, &facts);
		if (offset && hook == WEIR_HOOK_XDP)
			weir_parse_xdp(ctx, &facts, offset, type);
		else if (offset)
			weir_parse_tc(ctx, &facts, offset, type);
	}
	return weir_handle_facts(ctx, hook, &facts, stats);
}

__noinline int weir_other_xdp(struct xdp_md *ctx)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);

	return weir_other(ctx, WEIR_HOOK_XDP, &frame);
}

__noinline int weir_other_tc(struct __sk_buff *skb)
{
	const struct weir_frame frame = weir_frame_tc(skb);

	return weir_other(skb, WEIR_HOOK_TC, &frame);
}

/* Every packet. Returns whether to drop it. */
static __always_inline int weir_packet(void *ctx, enum weir_hook hook,
				       const struct weir_frame *frame)
{
	struct weir_stats *stats = weir_my_stats();
	struct weir_facts facts;

	if (!stats)
		return 0;
	stats->bytes += frame->length;
	switch (weir_handle_short(frame, 0, stats, &facts)) {
	case WEIR_SHORT_PASS:
		return 0;
	case WEIR_SHORT_DROP:
		return 1;
	case WEIR_SHORT_FACTS:
		return weir_handle_facts(ctx, hook, &facts, stats);
	case WEIR_SHORT_NO:
		break;
	}
	return hook == WEIR_HOOK_XDP ? weir_other_xdp(ctx) : weir_other_tc(ctx);
}

SEC("xdp")
int weir_xdp(struct xdp_md *ctx)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);

	return weir_packet(ctx, WEIR_HOOK_XDP, &frame) ? XDP_DROP : XDP_PASS;
}

/* UNSPEC, not OK: other filters of the hook have their turn. */
SEC("tc")
int weir_tc(struct __sk_buff *skb)
{
	struct weir_frame frame;

	if (skb->data_end - skb->data < WEIR_PULL && skb->data_end - skb->data < skb->len)
		bpf_skb_pull_data(skb, skb->len < WEIR_PULL ? skb->len : WEIR_PULL);
	frame = weir_frame_tc(skb);
	return weir_packet(skb, WEIR_HOOK_TC, &frame) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
