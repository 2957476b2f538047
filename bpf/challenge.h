/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Answers a SYN in the host's place, with the host's own SYN cookie (RFC 4987, 3.6): it costs the
 * host nothing until a client that is really there acknowledges it. XDP only; see write.h.
 */
#ifndef WEIR_CHALLENGE_H
#define WEIR_CHALLENGE_H

#include "write.h"

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

/* Makes the SYN its answer. */
static __always_inline int weir_answer_syn(struct xdp_md *ctx, const struct weir_facts *facts,
					   struct weir_desk *desk)
{
	struct weir_handshake *shake = &desk->handshake;
	__u32 syn_length = shake->tcp_length, mss;
	struct weir_answer answer;
	__s64 cookie;

	if (syn_length < sizeof(struct tcphdr) || syn_length > WEIR_TCP_HEADER_MAX)
		return 0;
	cookie =
	    facts->family
		? bpf_tcp_raw_gen_syncookie_ipv6((void *)shake->ip, (void *)shake->tcp, syn_length)
		: bpf_tcp_raw_gen_syncookie_ipv4((void *)shake->ip, (void *)shake->tcp, syn_length);
	if (cookie < 0)
		return 0;
	/* An MSS option only where the SYN had room for one: never more bytes back than came. */
	mss = facts->family ? WEIR_MSS6 : WEIR_MSS4;
	weir_make_synack(&answer, facts, (__u32)cookie,
			 syn_length < (WEIR_TCP_WORDS + 1) * 4 ? 0 : mss);
	return weir_write(ctx, facts, desk, &answer, NULL);
}

/*
 * `for_host`: the connection is to be the host's; else the host need know nothing of it. Returns
 * enum weir_challenged.
 */
__noinline int weir_challenge_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				  struct weir_stats *stats, __u32 for_host)
{
	struct weir_desk *desk = weir_my_desk();
	struct weir_known known;
	int state;

	/* Only where somebody listens. */
	if (!weir_can_challenge || !facts || !stats || !desk || !weir_is_to_one(ctx) ||
	    !weir_load_handshake(ctx, WEIR_HOOK_XDP, facts, &desk->handshake))
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
	if (for_host && weir_is_trickle(&desk->handshake, facts, stats))
		return WEIR_CHALLENGE_TRICKLE;
	if (!weir_answer_syn(ctx, facts, desk))
		return WEIR_CHALLENGE_NO;
	if (for_host && !(WEIR_LOAD(&weir_control.present) & WEIR_CHALLENGING))
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
