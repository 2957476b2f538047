/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Asks the host for a segment's socket, and remembers who has proved to be at his address. */
#ifndef WEIR_CONNECTION_H
#define WEIR_CONNECTION_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "asked.h"
#include "desk.h"
#include "hook.h"
#include "lib/held.h"
#include "lib/parse.h"
#include "lib/conn.h"
#include "lib/event.h"
#include "meter.h"

/* The fields that are read of the kernel's own structures (CO-RE; needs CAP_PERFMON). */
struct tcp_sock {
	__u32 rcv_nxt;
	__u32 snd_nxt;
	__u64 bytes_received;
} __attribute__((preserve_access_index));

struct tcp_request_sock {
	__u32 rcv_isn;
	__u32 snt_isn;
} __attribute__((preserve_access_index));

#define WEIR_SOCKET_NONE  0  /* not this host's affair; else BPF_TCP_… */
#define WEIR_SOCKET_OTHER 99 /* there is a connection, but the segment does not fit it */
#define WEIR_SOCKET_READY 98 /* a handshake under way that the segment completes */

/* What the host knows of a connection. */
struct weir_known {
	__u32 next;	 /* the byte that it expects */
	__u32 is_first;	 /* it had none so far */
	__u32 by_cookie; /* it has no socket, but a cookie is acknowledged */
};

/* Returns the state of the socket that a TCP segment belongs to. Costs about 30 ns. */
static __always_inline int weir_socket_state(void *ctx, enum weir_hook hook,
					     const struct weir_facts *facts,
					     struct weir_known *known)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;
	struct tcp_sock *tcp;
	__u32 size;
	int state;

	if (!facts)
		return WEIR_SOCKET_NONE;
	known->next = facts->seq;
	known->is_first = 0;
	known->by_cookie = 0;
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
	if (state == BPF_TCP_NEW_SYN_RECV) {
		/* The acknowledgement may be in the same batch as this, and not yet processed. */
		struct tcp_request_sock *request = bpf_skc_to_tcp_request_sock(sock);

		known->is_first = 1;
		if (request && facts->flags & WEIR_TCP_ACK && facts->ack == request->snt_isn + 1 &&
		    weir_is_near(facts->seq, request->rcv_isn))
			state = WEIR_SOCKET_READY;
	} else if (state != BPF_TCP_LISTEN) {
		/* Who tries all ports meets a connection, but has to guess where it is. */
		tcp = bpf_skc_to_tcp_sock(sock);
		if (tcp) {
			known->next = tcp->rcv_nxt;
			known->is_first = !tcp->bytes_received;
			if (!weir_is_near(facts->seq, known->next))
				state = WEIR_SOCKET_OTHER;
			else if (state == BPF_TCP_SYN_RECV && facts->flags & WEIR_TCP_ACK &&
				 facts->ack == tcp->snd_nxt)
				state = WEIR_SOCKET_READY; /* by TCP Fast Open */
		}
	}
	bpf_sk_release(sock);
	return state;
}

static __always_inline struct weir_handshake *weir_my_handshake(void)
{
	struct weir_desk *desk = weir_my_desk();

	return desk ? &desk->handshake : NULL;
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
				      const struct weir_facts *facts, struct weir_known *known)
{
	switch (weir_socket_state(ctx, hook, facts, known)) {
	case WEIR_SOCKET_NONE:
	case BPF_TCP_SYN_RECV:
	case BPF_TCP_NEW_SYN_RECV:
	case BPF_TCP_SYN_SENT:
		return WEIR_PROOF_NONE;
	case BPF_TCP_LISTEN:
		known->is_first = 1;
		known->by_cookie = (__u32)weir_has_cookie(ctx, hook, facts);
		return known->by_cookie ? WEIR_PROOF_GENUINE : WEIR_PROOF_STRAY;
	case BPF_TCP_TIME_WAIT:
	case BPF_TCP_CLOSE:
	case WEIR_SOCKET_OTHER:
		return WEIR_PROOF_STRAY;
	default:
		return WEIR_PROOF_GENUINE;
	}
}

/* Names a connection by its other end. Never 0. */
static __always_inline __u64 weir_connection_id(const struct weir_facts *facts)
{
	return weir_segment_hash(weir_control.hash_seed, facts->addr, facts->source_port,
				 facts->port, 0) |
	       1ull << 63;
}

static __always_inline struct weir_conn_set *weir_conns_of(__u64 id)
{
	__u32 index = weir_conn_index(id);

	return bpf_map_lookup_elem(&conns, &index);
}

/* The salt of what is remembered of a source that was seen to be at its address. */
static __always_inline __u64 weir_validated_salt(void)
{
	return weir_event_salt(0, WEIR_EVENT_VALIDATED);
}

/* Whether a source, by its id with weir_validated_salt(), was at its address not long ago. */
static __always_inline int weir_is_validated(__u64 id, __u64 now_ms)
{
	return weir_validated_word(weir_burst_word(id), now_ms);
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
	struct weir_known known;

	if (!facts || !stats || facts->flags & (WEIR_TCP_SYN | WEIR_TCP_RST | WEIR_TCP_FIN) ||
	    !(facts->flags & WEIR_TCP_ACK) ||
	    weir_is_validated(weir_id_of(set, facts, weir_validated_salt()), weir_now_ms(stats)) ||
	    weir_prove(ctx, hook, facts, &known) != WEIR_PROOF_GENUINE)
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

/* Data came to a TLS service: what is sent back next is taken for the answer to it. */
__noinline int weir_note_turn(const struct weir_facts *facts)
{
	if (!facts)
		return 0;
	weir_note_asked(weir_connection_id(facts), 1, 0);
	return 1;
}

/* What weir_segment_of() returns above enum weir_segment. */
#define WEIR_SEGMENT_STRAY	4 /* no connection of this host's has such bytes */
#define WEIR_SEGMENT_KIND	7
#define WEIR_SEGMENT_REAL	8 /* the host has the connection */
#define WEIR_SEGMENT_TORN	16 /* bytes before it are missing: it may begin anywhere in a request */
#define WEIR_SEGMENT_COOKIE	32 /* the host does not have it yet */
#define WEIR_SEGMENT_OPEN	64 /* more of a request whose path is not known yet */
#define WEIR_SEGMENT_SKIP(word) ((__u32)(word) >> 16) /* bytes in it before the request */

/* What a segment with data is, for its connection. Data that starts nothing is let through here. */
static __always_inline int weir_segment_of(void *ctx, enum weir_hook hook,
					   const struct weir_facts *facts, struct weir_stats *stats)
{
	struct weir_conn_set *set;
	struct weir_known known;
	struct weir_conn *conn;
	int kind, proof, by_cookie = 0;
	__u64 id, now_ms;
	__u32 way;

	if (!facts || !stats)
		return WEIR_SEGMENT_OLD;
	id = weir_connection_id(facts);
	now_ms = weir_now_ms(stats);
	set = weir_conns_of(id);
	if (!set)
		return WEIR_SEGMENT_OLD;
	way = weir_conn_find(set, id, now_ms);
	kind = WEIR_SEGMENT_LOST;
	if (way < WEIR_CONN_WAYS)
		kind = weir_classify(&set->ways[way], facts->seq, facts->payload_length, facts->ack,
				     weir_is_method(facts->payload_head));
	if (WEIR_UNLIKELY(kind == WEIR_SEGMENT_LOST)) {
		proof = weir_prove(ctx, hook, facts, &known);
		if (proof == WEIR_PROOF_STRAY)
			return WEIR_SEGMENT_STRAY;
		by_cookie = known.by_cookie ? WEIR_SEGMENT_COOKIE : 0;
		way = weir_forget(stats, weir_conn_victim(set, id, now_ms)) & (WEIR_CONN_WAYS - 1);
		conn = &set->ways[way];
		weir_conn_meet(conn, id, known.next, facts->ack, known.is_first,
			       proof == WEIR_PROOF_GENUINE, now_ms);
		if (proof == WEIR_PROOF_GENUINE)
			weir_validate(facts, stats);
		kind = weir_classify(conn, facts->seq, facts->payload_length, facts->ack,
				     weir_is_method(facts->payload_head));
	} else {
		conn = &set->ways[weir_forget(stats, way) & (WEIR_CONN_WAYS - 1)];
	}
	if (kind == WEIR_SEGMENT_MORE && conn->flags & WEIR_CONN_OPEN) {
		kind |= WEIR_SEGMENT_OPEN;
	} else if (kind == WEIR_SEGMENT_MORE) {
		/* Only the last of a body is what the server can answer: the rest need no clock. */
		if (!weir_is_of_body(conn, facts->seq + facts->payload_length))
			weir_note_asked(id, 0, 0);
		weir_conn_advance(conn, facts->seq + facts->payload_length, now_ms);
	}
	if (conn->flags & WEIR_CONN_REAL)
		kind |= WEIR_SEGMENT_REAL;
	if ((kind & WEIR_SEGMENT_KIND) != WEIR_SEGMENT_START && !(kind & WEIR_SEGMENT_OPEN))
		return kind;
	kind |= by_cookie;
	if ((__s32)(facts->seq - conn->next) > 0)
		kind |= WEIR_SEGMENT_TORN;
	return (int)((__u32)kind | weir_conn_skip(conn, facts->seq) << 16);
}

__noinline int weir_segment_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				struct weir_stats *stats)
{
	return weir_segment_of(ctx, WEIR_HOOK_XDP, facts, stats);
}

__noinline int weir_segment_tc(struct __sk_buff *skb, const struct weir_facts *facts,
			       struct weir_stats *stats)
{
	return weir_segment_of(skb, WEIR_HOOK_TC, facts, stats);
}

/* Keeps what was read of a request until its next segment comes. */
static __always_inline int weir_keep_reading(__u64 id, const struct weir_reader *reader)
{
	struct weir_open_reading *kept = weir_reading_of(id);

	if (!kept)
		return 0;
	kept->reader = *reader;
	kept->id = id;
	return 1;
}

/*
 * A request that starts in a segment was let through, or (`is_held`) was not. `id`: of the
 * connection; `request`: what was read of it.
 */
__noinline int weir_note_request(const struct weir_facts *facts, __u64 id, __u32 is_held,
				 __u32 request, struct weir_stats *stats)
{
	struct weir_desk *desk = weir_my_desk();
	struct weir_conn_set *set;
	struct weir_conn *conn;
	__u64 now_ms;
	__u32 way;

	if (!facts || !stats || !desk)
		return 0;
	set = weir_conns_of(id);
	if (!set)
		return 0;
	now_ms = weir_now_ms(stats);
	way = weir_conn_find(set, id, now_ms);
	if (way >= WEIR_CONN_WAYS)
		return 0;
	conn = &set->ways[weir_forget(stats, way) & (WEIR_CONN_WAYS - 1)];
	if (is_held) {
		weir_conn_hold(conn, facts->seq, facts->ack);
		return 1;
	}
	weir_note_asked(id, 1, WEIR_READ_RULE(request));
	weir_conn_begin(conn, facts->seq + facts->payload_length, facts->ack,
			WEIR_READ_WHOLE(request), desk->reader.body, now_ms);
	if (WEIR_READ_OPEN(request) && weir_keep_reading(id, &desk->reader))
		conn->flags |= WEIR_CONN_OPEN;
	return 1;
}

#endif
