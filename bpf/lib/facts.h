/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What is known of a packet after parsing: plain data that decisions are made from. */
#ifndef WEIR_FACTS_H
#define WEIR_FACTS_H

#include <stddef.h>

#include "platform.h"

/* How deep the parser got; each layer knows all that the ones before it know. */
enum weir_layer {
	WEIR_LAYER_NONE, /* not IP, or not even the source can be told */
	WEIR_LAYER_IP,	 /* the source; not TCP, or its ports cannot be told */
	WEIR_LAYER_TAIL, /* a later fragment: no ports in it */
	WEIR_LAYER_TCP,	 /* the ports */
};

struct weir_facts {
	__be32 addr[4]; /* source, v4-mapped */
	__u32 seq;
	__u32 ack;	      /* what it acknowledges; only with that flag */
	__be32 payload_head;  /* the first four bytes of the payload; 0 when there are fewer */
	__u32 payload_offset; /* from the start of the frame */
	__u32 payload_length; /* by the IP header, so without Ethernet's padding */
	__u16 ip_offset;      /* of the IP header, from the start of the frame */
	__u16 tcp_offset;     /* of the TCP header; layer TCP */
	__u16 source_port;
	__u16 port;
	__u8 family; /* 0: IPv4, 1: IPv6 */
	__u8 layer;  /* enum weir_layer */
	__u8 flags;  /* the TCP header's 14th byte: CWR ECE URG ACK PSH RST SYN FIN */
	__u8 defect; /* enum weir_reason with verdict malformed; 0: none */
};
WEIR_STATIC_ASSERT(WEIR_REASON_NO_EVENT == 0, "0 means no defect");

#define WEIR_TCP_FIN 0x01
#define WEIR_TCP_SYN 0x02
#define WEIR_TCP_RST 0x04
#define WEIR_TCP_PSH 0x08
#define WEIR_TCP_ACK 0x10

/* A frame as the parser sees it. `length` may exceed end - data where data is not linear. */
struct weir_frame {
	const __u8 *data;
	const __u8 *end;
	__u32 length;
};

/* Where IP leaves the parser: at the header of the layer above. */
struct weir_cursor {
	__u32 offset;	  /* from the start of the frame */
	__u32 left;	  /* bytes from there on that belong to this packet, by the IP header */
	__u8 is_fragment; /* the first of several */
	__u8 is_routed;	  /* an IPv6 routing header still has somewhere to go */
};

/* `size` bytes at `offset`, or NULL when they are not within reach. */
static __always_inline const void *weir_reach(const struct weir_frame *frame, __u32 offset,
					      __u32 size)
{
	const __u8 *at = frame->data + offset;

	return at + size <= frame->end ? at : NULL;
}

#endif
