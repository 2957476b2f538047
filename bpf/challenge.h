/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Answers a SYN in the host's place, with the host's own SYN cookie (RFC 4987, 3.6): it costs the
 * host nothing until a client that is really there acknowledges it. XDP only: under tc the answer
 * would be built from a packet whose checksum may be the card's to finish.
 */
#ifndef WEIR_CHALLENGE_H
#define WEIR_CHALLENGE_H

#include "connection.h"

enum weir_challenged {
	WEIR_CHALLENGE_NO,	/* cannot be answered here */
	WEIR_CHALLENGE_TRICKLE, /* the host should see this one */
	WEIR_CHALLENGE_SENT,	/* the packet is the answer now */
};

/* What this host's end can take in a segment: RFC 9293, 3.7.1 with an MTU of 1500. */
#define WEIR_MSS4 1460
#define WEIR_MSS6 1440

/*
 * A listener takes cookies only while it remembers that it had to send some itself
 * (tcp_synq_overflow, for two minutes): each address and port gets one SYN a second.
 */
static __always_inline int weir_is_trickle(const struct weir_handshake *shake,
					   const struct weir_facts *facts, struct weir_stats *stats)
{
	const __be32 *to = facts->family ? shake->ip + 6 : shake->ip + 4;
	__u64 hash = weir_mix(weir_control.hash_seed, (__u64)to[0] << 32 | facts->port), word, next;
	__u32 second = (__u32)(weir_now_ms(stats) / 1000), index;
	struct weir_trickle *trickle;

	if (facts->family)
		hash = weir_mix(weir_mix(hash, (__u64)to[1] << 32 | to[2]), to[3]);
	index = (__u32)hash & (WEIR_TRICKLES - 1);
	trickle = bpf_map_lookup_elem(&trickles, &index);
	if (!trickle)
		return 0;
	word = WEIR_LOAD(&trickle->word);
	next = hash >> 32 << 32 | second;
	return word != next && WEIR_CAS(&trickle->word, word, next) == word;
}

/* Puts an answer in the place of the SYN. Lengths in bytes. */
static __always_inline int weir_write_answer(struct xdp_md *ctx, const struct weir_facts *facts,
					     const __be32 *ip, const int ip_length,
					     const __be32 *tcp, __u32 tcp_length)
{
	__u32 length = facts->ip_offset + ip_length + tcp_length;
	__u32 had = ctx->data_end - ctx->data;
	__u8 macs[18]; /* ours, theirs, ours: the first twelve are the SYN's, the last the answer's
			*/

	tcp_length &= 31; /* for the verifier */
	return length <= had && !bpf_xdp_load_bytes(ctx, 0, macs, 12) &&
	       !bpf_xdp_adjust_tail(ctx, (int)length - (int)had) &&
	       (__builtin_memcpy(macs + 12, macs, 6), !bpf_xdp_store_bytes(ctx, 0, macs + 6, 12)) &&
	       !bpf_xdp_store_bytes(ctx, facts->ip_offset, (void *)ip, ip_length) && tcp_length &&
	       !bpf_xdp_store_bytes(ctx, facts->tcp_offset, (void *)tcp, tcp_length);
}

static __always_inline int weir_answer(struct xdp_md *ctx, const struct weir_facts *facts,
				       const struct weir_handshake *shake, const int is_v6)
{
	/* An MSS option only where the SYN had room for one: never more bytes back than came. */
	__u32 syn_length = shake->tcp_length, length;
	__u32 mss = syn_length < WEIR_TCP_WORDS * 4 ? 0 : is_v6 ? WEIR_MSS6 : WEIR_MSS4;
	__be32 ip[WEIR_IP6_WORDS], tcp[8];
	__s64 cookie;

	if (syn_length < sizeof(struct tcphdr) || syn_length > WEIR_TCP_HEADER_MAX)
		return 0;
	cookie =
	    is_v6
		? bpf_tcp_raw_gen_syncookie_ipv6((void *)shake->ip, (void *)shake->tcp, syn_length)
		: bpf_tcp_raw_gen_syncookie_ipv4((void *)shake->ip, (void *)shake->tcp, syn_length);
	if (cookie < 0)
		return 0;
	length =
	    weir_synack_tcp(tcp, shake->tcp, (__u32)cookie, mss,
			    is_v6 ? weir_sum(shake->ip + 2, 8, 0) : weir_sum(shake->ip + 3, 2, 0));
	if (is_v6)
		weir_synack_ip6(ip, shake->ip, length);
	else
		weir_synack_ip4(ip, shake->ip, length);
	return weir_write_answer(ctx, facts, ip, is_v6 ? WEIR_IP6_WORDS * 4 : WEIR_IP4_WORDS * 4,
				 tcp, length);
}

/* Returns enum weir_challenged. */
__noinline int weir_challenge_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				  struct weir_stats *stats)
{
	struct weir_handshake *shake = weir_my_handshake();
	struct weir_known known;
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	int state;

	if (!weir_can_challenge || !facts || !stats || !shake)
		return WEIR_CHALLENGE_NO;
	/* Not to groups (RFC 9293, 3.9.2.3), and only where somebody listens. */
	if (data + sizeof(struct ethhdr) > end || (data[0] | data[6]) & 1 ||
	    !weir_load_handshake(ctx, WEIR_HOOK_XDP, facts, shake))
		return WEIR_CHALLENGE_NO;
	state = weir_socket_state(ctx, WEIR_HOOK_XDP, facts, &known);
	if (state == WEIR_SOCKET_NONE)
		return WEIR_CHALLENGE_NO;
	/*
	 * A client may take a port again while the old connection is in TIME_WAIT (RFC 6191): then
	 * the host has a socket for it, would take no cookie, and must see the SYN itself.
	 */
	if (state != BPF_TCP_LISTEN)
		return WEIR_CHALLENGE_TRICKLE;
	if (weir_is_trickle(shake, facts, stats))
		return WEIR_CHALLENGE_TRICKLE;
	if (!(facts->family ? weir_answer(ctx, facts, shake, 1)
			    : weir_answer(ctx, facts, shake, 0)))
		return WEIR_CHALLENGE_NO;
	if (!(WEIR_LOAD(&weir_control.present) & WEIR_CHALLENGING))
		WEIR_OR(&weir_control.present, WEIR_CHALLENGING);
	return WEIR_CHALLENGE_SENT;
}

/* Counts a SYN of a service. Returns whether SYNs flood it. */
static __always_inline int weir_is_flooded(__u32 service, __u32 rate, struct weir_stats *stats)
{
	__u32 index = service - 1, batch = rate >= 4096 ? 16 : 1, count;
	__u64 now_ms = weir_now_ms(stats), second = now_ms / 1000, word;
	struct weir_flood *flood = bpf_map_lookup_elem(&floods, &index);

	if (!flood)
		return 0;
	/* CPUs would fight for the word, so each counts some for itself. */
	if (++stats->syn_batch[index & (WEIR_SERVICE_MAX - 1)] % batch == 0) {
		word = WEIR_LOAD(&flood->word);
		if (word >> 32 != second)
			WEIR_CAS(&flood->word, word, second << 32);
		count = (__u32)WEIR_ADD(&flood->word, batch) + batch;
		if (count > rate && WEIR_LOAD(&flood->until_ms) < (second + 2) * 1000)
			WEIR_STORE(&flood->until_ms, (second + 2) * 1000);
	}
	return now_ms < WEIR_LOAD(&flood->until_ms);
}

/*
 * Counts a SYN that is within its source's limit. Returns whether its source is to prove itself,
 * because there are more SYNs than `rate` a second and it has not done so yet.
 */
__noinline int weir_is_suspect(const struct weir_facts *facts, __u32 service, __u32 rate,
			       struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u64 id;

	if (!facts || !stats || !weir_is_flooded(service, rate, stats))
		return 0;
	id = weir_id_of(set, facts, weir_validated_salt());
	return !weir_may_be_known(id) || !weir_is_validated(id, weir_now_ms(stats));
}

#endif
