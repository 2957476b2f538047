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
#include "lib/parse_plain.h"
#include "response.h"
#include "rollback.h"
#include "samples.h"
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

/* What is not plain IPv4: to the facts the long way, but for plain IPv6. */
static __always_inline void weir_parse_other(void *ctx, enum weir_hook hook,
					     const struct weir_frame *frame,
					     struct weir_facts *facts)
{
	__be16 type = 0;
	__u32 offset;

	if (!facts || weir_parse_plain(frame, 1, facts))
		return;
	__builtin_memset(facts, 0, sizeof(*facts));
	offset = weir_parse_link(frame, &type, facts);
	if (offset && hook == WEIR_HOOK_XDP)
		weir_parse_xdp(ctx, facts, offset, type);
	else if (offset)
		weir_parse_tc(ctx, facts, offset, type);
}

__noinline int weir_parse_other_xdp(struct xdp_md *ctx, struct weir_facts *facts)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);

	weir_parse_other(ctx, WEIR_HOOK_XDP, &frame, facts);
	return 0;
}

__noinline int weir_parse_other_tc(struct __sk_buff *skb, struct weir_facts *facts)
{
	const struct weir_frame frame = weir_frame_tc(skb);

	weir_parse_other(skb, WEIR_HOOK_TC, &frame, facts);
	return 0;
}

/*
 * Any packet, the long way. `is_clear`: bans have been asked for already, and there is none.
 * Returns enum weir_fate.
 */
static __always_inline int weir_packet(void *ctx, enum weir_hook hook,
				       const struct weir_frame *frame, __u32 is_clear)
{
	const struct weir_control *control = &weir_control;
	const struct weir_settings *set = weir_active(control);
	struct weir_stats *stats = weir_my_stats();
	__u32 present = control->present;
	struct weir_outcome outcome;
	struct weir_facts facts;
	int fate;

	if (!stats)
		return WEIR_FATE_PASS;
	if (is_clear)
		present &= ~(WEIR_HAVE_BANS | WEIR_HAVE_BAN_NETS);
	if (WEIR_LIKELY(weir_parse_plain(frame, 0, &facts)))
		;
	else if (hook == WEIR_HOOK_XDP)
		weir_parse_other_xdp(ctx, &facts);
	else
		weir_parse_other_tc(ctx, &facts);
	weir_judge(ctx, hook, control, set, present, &facts, stats, &outcome);
	fate = weir_settle(ctx, hook, control, set, stats, &facts, &outcome);
	if (WEIR_UNLIKELY(weir_is_new_second(stats, &stats->by_bytes) ||
			  weir_is_byte_sampled(stats, frame->length)))
		weir_sample_bytes(&facts, stats, frame->length);
	stats->bytes += frame->length;
	return fate;
}

__noinline int weir_packet_xdp(struct xdp_md *ctx, __u32 is_clear)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);

	return weir_packet(ctx, WEIR_HOOK_XDP, &frame, is_clear);
}

__noinline int weir_packet_tc(struct __sk_buff *skb, __u32 is_clear)
{
	const struct weir_frame frame = weir_frame_tc(skb);

	return weir_packet(skb, WEIR_HOOK_TC, &frame, is_clear);
}

/* Returns enum weir_short. */
static __always_inline int weir_plain(const struct weir_frame *frame)
{
	enum weir_short cut = weir_settle_plain(frame, 0);

	return cut == WEIR_SHORT_NO ? weir_settle_plain(frame, 1) : cut;
}

__noinline int weir_plain_xdp(struct xdp_md *ctx)
{
	const struct weir_frame frame = weir_frame_xdp(ctx);

	return weir_plain(&frame);
}

__noinline int weir_plain_tc(struct __sk_buff *skb)
{
	const struct weir_frame frame = weir_frame_tc(skb);

	return weir_plain(&frame);
}

/*
 * The programs themselves, and what they call first, are small: the fewer registers and the less
 * stack a function has, the sooner it is entered, and most packets go no further.
 */
SEC("xdp")
int weir_xdp(struct xdp_md *ctx)
{
	int cut = WEIR_SHORT_NO, fate;

	if (weir_is_guarded()) {
		cut = weir_plain_xdp(ctx);
		if (cut >= WEIR_SHORT_PASS)
			return cut == WEIR_SHORT_DROP ? XDP_DROP : XDP_PASS;
	} else {
		const struct weir_frame frame = weir_frame_xdp(ctx);

		if (weir_settle_bulk(&frame))
			return XDP_PASS;
	}
	fate = weir_packet_xdp(ctx, cut == WEIR_SHORT_CLEAR);
	return fate == WEIR_FATE_ANSWER ? XDP_TX : fate == WEIR_FATE_DROP ? XDP_DROP : XDP_PASS;
}

/* UNSPEC, not OK: other filters of the hook have their turn. */
SEC("tc")
int weir_tc(struct __sk_buff *skb)
{
	int cut = WEIR_SHORT_NO;

	if (skb->data_end - skb->data < WEIR_PULL && skb->data_end - skb->data < skb->len)
		bpf_skb_pull_data(skb, skb->len < WEIR_PULL ? skb->len : WEIR_PULL);
	if (weir_is_guarded()) {
		cut = weir_plain_tc(skb);
		if (cut >= WEIR_SHORT_PASS)
			return cut == WEIR_SHORT_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	} else {
		const struct weir_frame frame = weir_frame_tc(skb);

		if (weir_settle_bulk(&frame))
			return TC_ACT_UNSPEC;
	}
	return weir_packet_tc(skb, cut == WEIR_SHORT_CLEAR) == WEIR_FATE_DROP ? TC_ACT_SHOT
									      : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
