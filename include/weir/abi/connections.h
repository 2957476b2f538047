/* SPDX-License-Identifier: BSD-2-Clause */
/* What is remembered of segments, connections and floods. See weir/abi.h. */
#ifndef WEIR_ABI_CONNECTIONS_H
#define WEIR_ABI_CONNECTIONS_H

#include "base.h"

/* ---- segments held off ------------------------------------------------------------------ */

/*
 * The value of `held`: segments that were throttled or kicked and are known again when TCP
 * sends them again. A set of eight in one cache line; the oldest makes room. Losing one is
 * harmless: its retransmission is then judged as a new event.
 */
#define WEIR_HELD_WAYS 8
#define WEIR_HELD_SETS 16384 /* a power of two */
struct weir_held_set {
	__u64 words[WEIR_HELD_WAYS];
};

/* ---- connections -------------------------------------------------------------------------- */

/*
 * The value of `conns`: connections of this host that data came on, by a hash of its other end; see
 * bpf/lib/conn.h. Of four, the one that was silent for longest makes room.
 */
#define WEIR_CONN_WAYS	  4
#define WEIR_CONN_SETS	  16384 /* a power of two */
#define WEIR_CONN_TICK_MS 250
#define WEIR_CONN_TICKS	  1200 /* silent for so long, the host is asked again */
struct weir_conn {
	__u64 id;
	__u32 next;  /* the byte behind all that was let through */
	__u32 ack;   /* what it had of the server when its last request began */
	__u32 body;  /* the byte behind the body of the newest request */
	__u16 tick;  /* of the last data */
	__u16 flags; /* WEIR_CONN_… */
	__u32 held;  /* where the request begins that is held off, and */
	__u32 held_ack;
};
struct weir_conn_set {
	struct weir_conn ways[WEIR_CONN_WAYS];
};
WEIR_STATIC_ASSERT(sizeof(struct weir_conn_set) == 128, "two cache lines");

/* ---- requests that are being answered ------------------------------------------------------- */

/*
 * The value of `running`, by a hash of source and URL: which connection the newest such request
 * came on. Another with the same place takes it: then a repeat is not noticed.
 */
#define WEIR_RUNNING 16384 /* a power of two */
struct weir_running {
	__u64 id;
	__u64 begun_ms;	 /* when it was let through */
	__u64 minute_ms; /* when the minute began, of which: */
	__u32 repeats;
	__u32 ack;	/* what the connection had of the server by then */
	__be32 addr[4]; /* its ends, as in the packet */
	__be32 local[4];
	__be16 source_port;
	__be16 port;
	__u8 family;
	__u8 pad[3];
};

/* ---- floods --------------------------------------------------------------------------------- */

/* The value of `floods`, by service: SYNs of all CPUs in this second, and until when it is flooded.
 */
struct weir_flood {
	__u64 word; /* second << 32 | count */
	__u64 until_ms;
	__u64 pad[6]; /* a cache line of its own */
};

/* The value of `trickles`: when a listener, by a hash of its address, was last sent a SYN. */
#define WEIR_TRICKLES 4096 /* a power of two */
struct weir_trickle {
	__u64 word; /* hash << 32 | second */
};

/* The value of `courtesies`: how many answers a source was sent in a second. */
#define WEIR_COURTESIES 4096 /* a power of two */
struct weir_courtesy {
	__u64 word; /* hash << 32 | second << 16 | count */
};

/*
 * The value of `turned`: until when a source that was shown the page is answered on new connections
 * too, by service: the lower 32 bits of the boot clock's milliseconds.
 */
#define WEIR_TURNED 4096 /* a power of two */
struct weir_turned {
	__u64 word; /* hash << 32 | until */
};

#endif
