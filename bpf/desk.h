/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What a packet is worked on with that the stack has no room for: of each CPU, for one packet at a
 * time. Not shared, and so not pinned.
 */
#ifndef WEIR_DESK_H
#define WEIR_DESK_H

#include <bpf/bpf_helpers.h>

#include "lib/answer.h"
#include "lib/request.h"

#define WEIR_TCP_HEADER_MAX 60

/* A SYN or the ACK to a SYN-ACK, copied out of its packet: what the cookie helpers ask for. */
struct weir_handshake {
	__be32 ip[WEIR_IP6_WORDS];
	__be32 tcp[16];
	__u32 tcp_length; /* in bytes, 20 to 60 */
};

/* What is read of a segment's data; a power of two, and more than Ethernet carries. */
#define WEIR_READ_MAX 2048

/* What there is to know of a request, in a word that the verifier does not look into. */
#define WEIR_READ_EVENT(word)	 ((word)&7)
#define WEIR_READ_REQUESTS(word) ((word) >> 4 & 31)
#define WEIR_READ_WHOLE(word)	 ((word) >> 9 & 1)
#define WEIR_READ_OPEN(word)	 ((word) >> 10 & 1)	 /* its path goes on, and there are rules */
#define WEIR_READ_RULE(word)	 ((word) >> 16 & 0xffff) /* index + 1; 0: none */
#define WEIR_READ_WORD(event, requests, is_whole, is_open, rule)                                   \
	((__u32)(event) | (__u32)(requests) << 4 | (__u32)(is_whole) << 9 |                        \
	 (__u32)(is_open) << 10 | (__u32)(rule) << 16)
_Static_assert(WEIR_READ_REQUESTS(WEIR_READ_WORD(0, WEIR_PIPELINE_MAX, 0, 0, 0)) ==
		   WEIR_PIPELINE_MAX,
	       "as many requests fit the word");

struct weir_desk {
	struct weir_handshake handshake;
	struct weir_reader reader;
	/* An answer's headers. */
	__be32 ip[WEIR_IP6_WORDS], tcp[WEIR_TCP_WORDS + WEIR_OPTION_WORDS];
	__u8 link[32];		      /* WEIR_LINK_MAX and more */
	__u8 data[WEIR_READ_MAX + 8]; /* eight are looked at together */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weir_desk);
} desks SEC(".maps");

static __always_inline struct weir_desk *weir_my_desk(void)
{
	__u32 index = 0;

	return bpf_map_lookup_elem(&desks, &index);
}

/*
 * What was read of requests whose paths go on in another segment: each connection has one place,
 * and a newer one may take it. Then the rest is not read.
 */
#define WEIR_READINGS 1024 /* a power of two */
struct weir_open_reading {
	__u64 id; /* of the connection; 0: none */
	struct weir_reader reader;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_READINGS);
	__type(key, __u32);
	__type(value, struct weir_open_reading);
} readings SEC(".maps");

static __always_inline struct weir_open_reading *weir_reading_of(__u64 id)
{
	__u32 index = (__u32)id & (WEIR_READINGS - 1);

	return bpf_map_lookup_elem(&readings, &index);
}

#endif
