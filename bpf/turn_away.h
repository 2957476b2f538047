/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Answers a packet in the server's place: with a page that says why, or with a reset. XDP only, for
 * the same reason as challenges.
 */
#ifndef WEIR_TURN_AWAY_H
#define WEIR_TURN_AWAY_H

#include "connection.h"
#include "lib/answer.h"

/* Beyond these, silence: an answer is a courtesy. */
#define WEIR_ANSWERS_A_SECOND	  10000 /* and CPU */
#define WEIR_ANSWERS_FOR_A_SOURCE 50	/* and second */

/* Takes one from a second's share of all sources, and of this one. */
static __always_inline int weir_may_turn_away(const struct weir_settings *set,
					      const struct weir_facts *facts,
					      struct weir_stats *stats)
{
	__u64 id = weir_id_of(set, facts, weir_event_salt(0, WEIR_EVENT_KICK));
	__u32 index = (__u32)id & (WEIR_COURTESIES - 1), count = 0;
	__u64 second = weir_now_ms(stats) / 1000, word;
	struct weir_courtesy *courtesy = bpf_map_lookup_elem(&courtesies, &index);

	if (!courtesy)
		return 0;
	if (stats->answer_second != second) {
		stats->answer_second = second;
		stats->answer_count = 0;
	}
	word = WEIR_LOAD(&courtesy->word);
	if (word >> 32 == id >> 32 && (__u16)(word >> 16) == (__u16)second)
		count = (__u16)word;
	if (stats->answer_count >= WEIR_ANSWERS_A_SECOND || count >= WEIR_ANSWERS_FOR_A_SOURCE)
		return 0;
	stats->answer_count++;
	WEIR_STORE(&courtesy->word, id >> 32 << 32 | (__u32)(__u16)second << 16 | (count + 1));
	return 1;
}

/* What most drivers leave before a frame, but for what the kernel puts there itself. In bytes. */
#define WEIR_HEADROOM 192

/*
 * Makes the frame so long. Where a driver leaves no room behind it, it begins earlier: whatever is
 * in it is written anew. Lengths in bytes.
 */
static __always_inline int weir_resize(struct xdp_md *ctx, __u32 length)
{
	int more = (int)length - (int)(ctx->data_end - ctx->data);

	return !more || !bpf_xdp_adjust_tail(ctx, more) ||
	       (more > 0 && (!bpf_xdp_adjust_head(ctx, -more) ||
			     (more > WEIR_HEADROOM && !bpf_xdp_adjust_head(ctx, -WEIR_HEADROOM) &&
			      !bpf_xdp_adjust_tail(ctx, more - WEIR_HEADROOM))));
}

/* Puts an answer in the place of the packet. `text`: its data. */
static __always_inline int weir_write(struct xdp_md *ctx, const struct weir_facts *facts,
				      struct weir_desk *desk, const struct weir_answer *answer,
				      const struct weir_reply *reply, const int is_v6)
{
	__u32 link_length = facts->ip_offset & 31, tcp_length, at;
	const __u32 ip_length = is_v6 ? WEIR_IP6_WORDS * 4 : WEIR_IP4_WORDS * 4;
	__u32 data_length = answer->data_length & (2 * WEIR_REPLY_MAX - 1);
	__be32 *ip = desk->ip, *tcp = desk->tcp;
	__u8 *link = desk->link, mac[6];

	if (link_length < sizeof(struct ethhdr) || data_length > WEIR_REPLY_MAX ||
	    bpf_xdp_load_bytes(ctx, 0, link, link_length))
		return 0;
	tcp_length = weir_answer_tcp(tcp, answer, desk->handshake.tcp[0],
				     is_v6 ? weir_sum(desk->handshake.ip + 2, 8, 0)
					   : weir_sum(desk->handshake.ip + 3, 2, 0));
	if (is_v6)
		weir_synack_ip6(ip, desk->handshake.ip, tcp_length + data_length);
	else
		weir_synack_ip4(ip, desk->handshake.ip, tcp_length + data_length);
	if (!weir_resize(ctx, link_length + ip_length + tcp_length + data_length))
		return 0;
	__builtin_memcpy(mac, link, sizeof(mac));
	__builtin_memcpy(link, link + 6, sizeof(mac));
	__builtin_memcpy(link + 6, mac, sizeof(mac));
	at = link_length + ip_length;
	tcp_length &= 63; /* for the verifier */
	if (bpf_xdp_store_bytes(ctx, 0, link, link_length) ||
	    bpf_xdp_store_bytes(ctx, link_length, ip, ip_length) || !tcp_length ||
	    tcp_length > sizeof(desk->tcp) || bpf_xdp_store_bytes(ctx, at, tcp, tcp_length))
		return 0;
	return !data_length ||
	       !bpf_xdp_store_bytes(ctx, at + tcp_length, (void *)reply->text, data_length);
}

/*
 * Turns a packet away with the page (`with_page`: it is a request on a connection of this host), or
 * where there is no room for that, with a reset. Returns enum weir_action: what was done, or
 * WEIR_ACTION_DROP.
 */
__noinline int weir_turn_away_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				  struct weir_stats *stats, __u32 with_page)
{
	const struct weir_settings *set = weir_active(&weir_control);
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	struct weir_desk *desk = weir_my_desk();
	const struct weir_reply *reply = &set->reply;
	struct weir_answer answer;

	/* Never to a reset, nor to groups: RFC 9293, 3.10.7.1 and 3.9.2.3. */
	if (!facts || !stats || !desk || facts->flags & WEIR_TCP_RST ||
	    data + sizeof(struct ethhdr) > end || (data[0] | data[6]) & 1 ||
	    !weir_load_handshake(ctx, WEIR_HOOK_XDP, facts, &desk->handshake) ||
	    !weir_may_turn_away(set, facts, stats))
		return WEIR_ACTION_DROP;
	if (with_page && reply->length) {
		weir_make_reply(&answer, facts, desk->handshake.tcp, reply->length, reply->sum);
		if (facts->family ? weir_write(ctx, facts, desk, &answer, reply, 1)
				  : weir_write(ctx, facts, desk, &answer, reply, 0))
			return WEIR_ACTION_REPLY;
	}
	weir_make_reset(&answer, facts);
	if (facts->family ? weir_write(ctx, facts, desk, &answer, reply, 1)
			  : weir_write(ctx, facts, desk, &answer, reply, 0))
		return WEIR_ACTION_RESET;
	return WEIR_ACTION_DROP;
}

#endif
