/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Asks the host for a segment's socket, and remembers who has proved to be at his address. */
#ifndef WEIR_CONNECTION_H
#define WEIR_CONNECTION_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "hook.h"
#include "lib/held.h"
#include "lib/parse.h"
#include "lib/proof.h"
#include "lib/synack.h"
#include "meter.h"

/* The one field that is read of the kernel's own (CO-RE; needs CAP_PERFMON). */
struct tcp_sock {
	__u32 rcv_nxt;
} __attribute__((preserve_access_index));

#define WEIR_SOCKET_NONE  0  /* not this host's affair; else BPF_TCP_… */
#define WEIR_SOCKET_OTHER 99 /* there is a connection, but the segment does not fit it */

/* Returns the state of the socket that a TCP segment belongs to. Costs about 30 ns. */
static __always_inline int weir_socket_state(void *ctx, enum weir_hook hook,
					     const struct weir_facts *facts)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;
	struct tcp_sock *tcp;
	__u32 size;
	int state;

	if (!facts)
		return WEIR_SOCKET_NONE;
	/* The addresses stand side by side, as do the ports, in packet and tuple alike. */
	if (facts->family) {
		if (weir_load_bytes(ctx, hook, facts->ip_offset + offsetof(struct ipv6hdr, saddr),
				    &tuple.ipv6.saddr, 32) ||
		    weir_load_bytes(ctx, hook, facts->tcp_offset, &tuple.ipv6.sport, 4))
			return WEIR_SOCKET_NONE;
		size = sizeof(tuple.ipv6);
	} else {
		if (weir_load_bytes(ctx, hook, facts->ip_offset + offsetof(struct iphdr, saddr),
				    &tuple.ipv4.saddr, 8) ||
		    weir_load_bytes(ctx, hook, facts->tcp_offset, &tuple.ipv4.sport, 4))
			return WEIR_SOCKET_NONE;
		size = sizeof(tuple.ipv4);
	}
	sock = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return WEIR_SOCKET_NONE;
	state = sock->state;
	if (state != BPF_TCP_LISTEN) {
		/* Who tries all ports meets a connection, but has to guess where it is. */
		tcp = bpf_skc_to_tcp_sock(sock);
		if (tcp && !weir_is_near(facts->seq, tcp->rcv_nxt))
			state = WEIR_SOCKET_OTHER;
	}
	bpf_sk_release(sock);
	return state;
}

#define WEIR_TCP_HEADER_MAX 60

/* A SYN or the ACK to a SYN-ACK, copied out of its packet: what the cookie helpers ask for. */
struct weir_handshake {
	__be32 ip[WEIR_IP6_WORDS];
	__be32 tcp[16];
	__u32 tcp_length; /* in bytes, 20 to 60 */
};

/* One packet's at a time on each CPU: the stack has no room. Not shared, and so not pinned. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weir_handshake);
} handshakes SEC(".maps");

static __always_inline struct weir_handshake *weir_my_handshake(void)
{
	__u32 index = 0;

	return bpf_map_lookup_elem(&handshakes, &index);
}

static __always_inline int weir_load_handshake(void *ctx, enum weir_hook hook,
					       const struct weir_facts *facts,
					       struct weir_handshake *shake)
{
	__u32 length = facts->payload_offset - facts->tcp_offset;
	__u32 ip_size = facts->family ? WEIR_IP6_WORDS * 4 : WEIR_IP4_WORDS * 4;

	/* No IPv4 options, no extension headers: an answer would have to know what they want. */
	if (facts->tcp_offset != facts->ip_offset + ip_size || length < sizeof(struct tcphdr) ||
	    length > WEIR_TCP_HEADER_MAX)
		return 0;
	shake->tcp_length = length;
	length &= 63; /* for the verifier */
	return !weir_load_bytes(ctx, hook, facts->tcp_offset, shake->tcp, length) &&
	       (facts->family
		    ? !weir_load_bytes(ctx, hook, facts->ip_offset, shake->ip, WEIR_IP6_WORDS * 4)
		    : !weir_load_bytes(ctx, hook, facts->ip_offset, shake->ip, WEIR_IP4_WORDS * 4));
}

/* Whether a segment acknowledges a SYN cookie of this host. Costs about 60 ns. */
static __always_inline int weir_has_cookie(void *ctx, enum weir_hook hook,
					   const struct weir_facts *facts)
{
	struct weir_handshake *shake = weir_my_handshake();

	if (!weir_can_challenge || !facts || !shake ||
	    !weir_load_handshake(ctx, hook, facts, shake))
		return 0;
	return facts->family
		   ? !bpf_tcp_raw_check_syncookie_ipv6((void *)shake->ip, (void *)shake->tcp)
		   : !bpf_tcp_raw_check_syncookie_ipv4((void *)shake->ip, (void *)shake->tcp);
}

enum weir_proof {
	WEIR_PROOF_NONE,    /* nobody can tell here: forwarded, or a handshake under way */
	WEIR_PROOF_STRAY,   /* this host has no such connection */
	WEIR_PROOF_GENUINE, /* its sender is at its source address */
};

static __always_inline int weir_prove(void *ctx, enum weir_hook hook,
				      const struct weir_facts *facts)
{
	switch (weir_socket_state(ctx, hook, facts)) {
	case WEIR_SOCKET_NONE:
	case BPF_TCP_SYN_RECV:
	case BPF_TCP_NEW_SYN_RECV:
	case BPF_TCP_SYN_SENT:
		return WEIR_PROOF_NONE;
	case BPF_TCP_LISTEN:
		return weir_has_cookie(ctx, hook, facts) ? WEIR_PROOF_GENUINE : WEIR_PROOF_STRAY;
	case BPF_TCP_TIME_WAIT:
	case BPF_TCP_CLOSE:
	case WEIR_SOCKET_OTHER:
		return WEIR_PROOF_STRAY;
	default:
		return WEIR_PROOF_GENUINE;
	}
}

/* Names a connection by its other end. */
static __always_inline __u64 weir_connection_hash(const struct weir_facts *facts)
{
	return weir_segment_hash(weir_control.hash_seed, facts->addr, facts->source_port,
				 facts->port, 0);
}

static __always_inline struct weir_proof_set *weir_proofs_of(__u64 hash)
{
	__u32 index = weir_proof_index(hash);

	return bpf_map_lookup_elem(&proofs, &index);
}

/* Whether a connection was proved not long ago, and a segment comes where it is to be expected. */
static __always_inline int weir_is_proved(__u64 hash, __u32 seq, __u64 now_ms)
{
	struct weir_proof_set *set = weir_proofs_of(hash);

	return set && weir_proof_find(set, hash, seq, now_ms);
}

/* Proves a connection, and remembers it; a stray segment is looked at each time. */
static __always_inline int weir_prove_anew(void *ctx, enum weir_hook hook,
					   const struct weir_facts *facts, struct weir_stats *stats)
{
	int proof = weir_prove(ctx, hook, facts);
	struct weir_proof_set *set;
	__u64 hash;

	if (!facts || !stats || proof == WEIR_PROOF_STRAY)
		return proof;
	hash = weir_connection_hash(facts);
	set = weir_proofs_of(hash);
	if (set)
		weir_proof_put(set, hash, facts->seq, weir_now_ms(stats));
	return proof;
}

__noinline int weir_prove_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
			      struct weir_stats *stats)
{
	return weir_prove_anew(ctx, WEIR_HOOK_XDP, facts, stats);
}

__noinline int weir_prove_tc(struct __sk_buff *skb, const struct weir_facts *facts,
			     struct weir_stats *stats)
{
	return weir_prove_anew(skb, WEIR_HOOK_TC, facts, stats);
}

static __always_inline __u64 weir_validated_salt(void)
{
	return weir_event_salt(0, WEIR_EVENT_VALIDATED);
}

/* Whether a source, by its id with weir_validated_salt(), was at its address not long ago. */
static __always_inline int weir_is_validated(__u64 id, __u64 now_ms)
{
	__u32 index = weir_set_of(id, weir_burst_mask), way;
	struct weir_burst_set *set = bpf_map_lookup_elem(&bursts, &index);

	if (!set)
		return 0;
	way = weir_find_burst_way(set, id);
	return way != WEIR_NO_WAY &&
	       weir_validated_word(WEIR_LOAD(&set->ways[way].burst.word), now_ms);
}

/* Remembers that a source is at its address. */
__noinline int weir_validate(const struct weir_facts *facts, struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	struct weir_burst *burst;
	__u64 id;

	if (!facts || !stats)
		return 0;
	id = weir_id_of(set, facts, weir_validated_salt());
	burst = weir_find_burst(id, facts, stats);
	if (!burst)
		return 0;
	WEIR_STORE(&burst->word, weir_word_pack(weir_now_ms(stats), WEIR_VALIDATED_COUNT, 0, 0));
	stats->validated++;
	return 1;
}

/* Validates the source of a segment that belongs to a connection, unless it is already. */
static __always_inline int weir_witness(void *ctx, enum weir_hook hook,
					const struct weir_facts *facts, struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);

	if (!facts || !stats || facts->flags & (WEIR_TCP_SYN | WEIR_TCP_RST | WEIR_TCP_FIN) ||
	    !(facts->flags & WEIR_TCP_ACK) ||
	    weir_is_validated(weir_id_of(set, facts, weir_validated_salt()), weir_now_ms(stats)) ||
	    weir_prove(ctx, hook, facts) != WEIR_PROOF_GENUINE)
		return 0;
	return weir_validate(facts, stats);
}

__noinline int weir_witness_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				struct weir_stats *stats)
{
	return weir_witness(ctx, WEIR_HOOK_XDP, facts, stats);
}

__noinline int weir_witness_tc(struct __sk_buff *skb, const struct weir_facts *facts,
			       struct weir_stats *stats)
{
	return weir_witness(skb, WEIR_HOOK_TC, facts, stats);
}

#endif
