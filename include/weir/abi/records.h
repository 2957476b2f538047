/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told to the agent, and what it remembers of interfaces. See weir/abi.h. */
#ifndef WEIR_ABI_RECORDS_H
#define WEIR_ABI_RECORDS_H

#include "base.h"

/* ---- notices ------------------------------------------------------------------------------ */

#define WEIR_NOTICE_HEAD 120

/* A record of `notices`: one verdict other than pass. Advisory, rate-limited. */
struct weir_notice {
	__u64 time_ns;
	__be32 addr[4]; /* the whole address, not masked */
	__u32 count;	/* the event's number in its window (sliding: at least); 0: no event */
	__u16 source_port;
	__u16 port;
	__u8 reason;	  /* enum weir_reason, as it would be in mode enforce */
	__u8 observed;	  /* 1: mode was observe, the packet passed */
	__u8 family;	  /* 0: IPv4, 1: IPv6 */
	__u8 service;	  /* index + 1; 0: none */
	__u8 event;	  /* enum weir_event; only when count > 0 */
	__u8 interface;	  /* slot */
	__u8 head_length; /* bytes of `head` in use */
	__u8 action;	  /* enum weir_action that it was carried out by */
	__be32 local[4];  /* the address of this host that it was sent to */
	__u16 rule;	  /* index + 1 of the path rule among all; 0: none */
	__u8 ban_due;	  /* 1: the source is at its address, and its kicks make a ban due */
	__u8 validated;	  /* 1: the source is at its address */
	__u8 pad[4];
	char head[WEIR_NOTICE_HEAD]; /* first bytes of a request; not cleaned */
};
WEIR_STATIC_ASSERT(sizeof(struct weir_notice) == 8 + 16 + 4 + 4 + 8 + 16 + 8 + WEIR_NOTICE_HEAD,
		   "no implicit padding in a record");

/* ---- requests ----------------------------------------------------------------------------- */

/* The records of `requests`: what each is. Advisory, rate-limited. */
#define WEIR_TOLD_REQUEST 1u
#define WEIR_TOLD_ANSWER  2u

/* The first request that begins in a segment and was let through or turned away. */
struct weir_request {
	__u32 kind; /* WEIR_TOLD_REQUEST */
	__u16 port;
	__u16 rule;	  /* index + 1 of the path rule among all; 0: none */
	__u64 connection; /* names it by its other end */
	__u64 time_ns;	  /* with the connection, what its answer is known by */
	__be32 addr[4];	  /* the whole address, not masked */
	__u8 family;	  /* 0: IPv4, 1: IPv6 */
	__u8 service;	  /* index + 1 */
	__u8 event;	  /* enum weir_event */
	__u8 reason;	  /* enum weir_reason, as it would be in mode enforce */
	__u8 observed;	  /* 1: mode was observe, and it passed although it would not have */
	__u8 head_length; /* bytes of `head` in use; 0: its first bytes are not known */
	__u8 pad[2];
	char head[WEIR_NOTICE_HEAD]; /* its first bytes; not cleaned */
};
WEIR_STATIC_ASSERT(sizeof(struct weir_request) == 8 + 8 + 8 + 16 + 8 + WEIR_NOTICE_HEAD,
		   "no implicit padding in a record");

/* The first byte of the answer to a request that was told of. */
struct weir_request_answer {
	__u32 kind;   /* WEIR_TOLD_ANSWER */
	__u32 status; /* weir_status_class() */
	__u64 connection;
	__u64 time_ns; /* the request's */
	__u64 duration_us;
};
WEIR_STATIC_ASSERT(sizeof(struct weir_request_answer) == 32, "no implicit padding in a record");

/* ---- samples ------------------------------------------------------------------------------ */

#define WEIR_SAMPLE_BYTES  1u
#define WEIR_SAMPLE_EVENTS 2u

/*
 * A record of `samples`: a packet that stands for itself, and for those before it that were not
 * told of. Of few, each is; see bpf/lib/sample.h.
 */
struct weir_sample {
	__u64 amount;
	__be32 addr[4]; /* the whole address, not masked */
	__u8 unit;	/* WEIR_SAMPLE_… */
	__u8 verdict;	/* enum weir_verdict; of events */
	__u8 observed;	/* 1: mode was observe, and it passed although it would not have */
	__u8 validated; /* 1: the source is at its address */
	__u8 estimated; /* 1: it does not stand for itself alone */
	__u8 pad[3];
};
WEIR_STATIC_ASSERT(sizeof(struct weir_sample) == 32, "no implicit padding in a record");

/* ---- interfaces --------------------------------------------------------------------------- */

#define WEIR_ATTACH_NATIVE  1u
#define WEIR_ATTACH_GENERIC 2u
#define WEIR_ATTACH_TC	    3u
#define WEIR_QDISC_OURS	    1u /* flags: the clsact qdisc was made by Weir */

/* The value of `interfaces`, by slot: who owns which counters; read by the next agent. */
struct weir_interface {
	char name[16]; /* empty: the slot is free */
	__u32 ifindex;
	__u32 attach; /* WEIR_ATTACH_…; 0: detached, counters kept */
	__u32 flags;
	__u32 pad;
};

#endif
