/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Connections of this host that data came on: which bytes are known, and what of them starts a
 * request, as the server sees it. Whoever forges segments can try all ports and meet a connection,
 * but has to guess where it is. Pure but for the set passed in.
 */
#ifndef WEIR_CONN_H
#define WEIR_CONN_H

#include "platform.h"

/* A segment comes so close to where it is expected; more than a window is often. In bytes. */
#define WEIR_SEQ_REACH 65536

#define WEIR_CONN_BEGUN 1u  /* a request was let through, of which `ack` is when */
#define WEIR_CONN_WHOLE 2u  /* with all its fields */
#define WEIR_CONN_HELD	4u  /* a request was held off: `held` and `held_ack` */
#define WEIR_CONN_REAL	8u  /* the host has it: its other end is at its address */
#define WEIR_CONN_OPEN	16u /* the request's path goes on in the next segment */

enum weir_segment {
	WEIR_SEGMENT_LOST,  /* not where it is expected: the host is to be asked again */
	WEIR_SEGMENT_OLD,   /* sent again, doubled by the network, or a keep-alive probe */
	WEIR_SEGMENT_MORE,  /* of a request that has begun */
	WEIR_SEGMENT_START, /* of a request */
};

static __always_inline int weir_is_near(__u32 seq, __u32 expected)
{
	return seq - expected + WEIR_SEQ_REACH < 2 * WEIR_SEQ_REACH;
}

static __always_inline __u32 weir_conn_index(__u64 id)
{
	return (__u32)id & (WEIR_CONN_SETS - 1);
}

static __always_inline __u16 weir_conn_tick(__u64 now_ms)
{
	return (__u16)(now_ms / WEIR_CONN_TICK_MS);
}

/*
 * Ticks for which a connection was silent, and WEIR_CONN_LAG more: CPUs read their clocks apart,
 * and one that lags comes from before the newest data. The clock goes round after 4.5 hours.
 */
#define WEIR_CONN_LAG 16

static __always_inline __u16 weir_conn_silence(const struct weir_conn *conn, __u64 now_ms)
{
	return (__u16)(weir_conn_tick(now_ms) + WEIR_CONN_LAG - conn->tick);
}

/* The way of a connection that data came on not long ago, or WEIR_CONN_WAYS. */
static __always_inline __u32 weir_conn_find(const struct weir_conn_set *set, __u64 id, __u64 now_ms)
{
	for (__u32 way = 0; way < WEIR_CONN_WAYS; way++)
		if (WEIR_LOAD(&set->ways[way].id) == id)
			return weir_conn_silence(&set->ways[way], now_ms) <
				       WEIR_CONN_TICKS + WEIR_CONN_LAG
				   ? way
				   : WEIR_CONN_WAYS;
	return WEIR_CONN_WAYS;
}

/* The way that a connection takes: its own again, or that of the one that was silent for longest.
 */
static __always_inline __u32 weir_conn_victim(const struct weir_conn_set *set, __u64 id,
					      __u64 now_ms)
{
	__u32 victim = 0, longest = 0;

	for (__u32 way = 0; way < WEIR_CONN_WAYS; way++) {
		__u32 silent = 1u + weir_conn_silence(&set->ways[way], now_ms);

		if (set->ways[way].id == id)
			return way;
		if (!set->ways[way].id)
			silent = ~0u;
		if (silent > longest) {
			longest = silent;
			victim = way;
		}
	}
	return victim;
}

/* The first byte of a segment that is not known: what is sent again may have more put behind it. */
static __always_inline __u32 weir_conn_new(const struct weir_conn *conn, __u32 seq)
{
	return (__s32)(seq - conn->next) < 0 ? conn->next : seq;
}

/* Whether a byte belongs to the body of the request that has begun. */
static __always_inline int weir_is_of_body(const struct weir_conn *conn, __u32 seq)
{
	return conn->flags & WEIR_CONN_BEGUN && (__s32)(seq - conn->body) < 0;
}

/*
 * What a segment with data is, whose acknowledgement is `ack` and whose first bytes may be a
 * method. A request begins with the first data, and with the first after the server has sent
 * something since the last one began; else only where a request may be put behind another that is
 * whole (pipelining: RFC 9112, 9.3.2), or where something is missing before it.
 */
static __always_inline enum weir_segment weir_classify(const struct weir_conn *conn, __u32 seq,
						       __u32 length, __u32 ack, int is_method)
{
	__s32 ahead = (__s32)(seq - conn->next);

	if (!weir_is_near(seq, conn->next))
		return WEIR_SEGMENT_LOST;
	if (ahead + (__s32)length <= 0)
		return WEIR_SEGMENT_OLD;
	/* Of the body, or from there into what must be another request. */
	if (weir_is_of_body(conn, weir_conn_new(conn, seq)))
		return (__s32)(seq + length - conn->body) <= 0 ? WEIR_SEGMENT_MORE
							       : WEIR_SEGMENT_START;
	/* The rest of a request that does not get in; or one put behind it. */
	if (conn->flags & WEIR_CONN_HELD && (__s32)(seq - conn->held) > 0 && ack == conn->held_ack)
		return is_method ? WEIR_SEGMENT_START : WEIR_SEGMENT_MORE;
	if (!(conn->flags & WEIR_CONN_BEGUN) || (__s32)(ack - conn->ack) > 0)
		return WEIR_SEGMENT_START;
	/* What its first new byte is, a segment that begins with known ones does not tell. */
	if (conn->flags & WEIR_CONN_WHOLE ? is_method || ahead < 0 : is_method && ahead > 0)
		return WEIR_SEGMENT_START;
	return WEIR_SEGMENT_MORE;
}

/* How many bytes of a segment that starts a request come before that. */
static __always_inline __u32 weir_conn_skip(const struct weir_conn *conn, __u32 seq)
{
	__u32 first = weir_conn_new(conn, seq);

	return (weir_is_of_body(conn, first) ? conn->body : first) - seq;
}

/* Data was let through up to `end`. */
static __always_inline void weir_conn_advance(struct weir_conn *conn, __u32 end, __u64 now_ms)
{
	if ((__s32)(end - conn->next) > 0 && !(conn->flags & WEIR_CONN_HELD))
		conn->next = end;
	conn->tick = weir_conn_tick(now_ms);
}

/* A request was let through, of whose body so many bytes are still to come. */
static __always_inline void weir_conn_begin(struct weir_conn *conn, __u32 end, __u32 ack,
					    int is_whole, __u32 body, __u64 now_ms)
{
	conn->flags = (__u16)((conn->flags & WEIR_CONN_REAL) | WEIR_CONN_BEGUN |
			      (is_whole ? WEIR_CONN_WHOLE : 0));
	conn->ack = ack;
	conn->body = end + body;
	weir_conn_advance(conn, end, now_ms);
}

/* A request was not. */
static __always_inline void weir_conn_hold(struct weir_conn *conn, __u32 seq, __u32 ack)
{
	conn->held = seq;
	conn->held_ack = ack;
	conn->flags |= WEIR_CONN_HELD;
}

/*
 * A connection that was not known. `is_first`: nothing came on it before this data; else it may be
 * anywhere, and only what looks like a request is taken for one.
 */
static __always_inline void weir_conn_meet(struct weir_conn *conn, __u64 id, __u32 next, __u32 ack,
					   int is_first, int is_real, __u64 now_ms)
{
	conn->next = next;
	conn->body = next;
	conn->ack = ack;
	conn->tick = weir_conn_tick(now_ms);
	conn->flags =
	    (is_first ? 0 : WEIR_CONN_BEGUN | WEIR_CONN_WHOLE) | (is_real ? WEIR_CONN_REAL : 0);
	WEIR_STORE(&conn->id, id);
}

#endif
