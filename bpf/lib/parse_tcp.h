/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* TCP (RFC 9293, section 3.1) → facts. */
#ifndef WEIR_PARSE_TCP_H
#define WEIR_PARSE_TCP_H

#include <linux/tcp.h>

#include "facts.h"

/*
 * A first fragment must hold so much of the payload that a request in it can be recognised;
 * shorter ones are made to get past filters (RFC 1858) and are refused.
 */
#define WEIR_FRAGMENT_PAYLOAD_MIN 16

static __always_inline void weir_parse_tcp(const struct weir_frame *frame,
					   const struct weir_cursor *cursor,
					   struct weir_facts *facts)
{
	__u8 incomplete = cursor->is_fragment ? WEIR_REASON_TINY_FRAGMENT : WEIR_REASON_TRUNCATED;
	const struct tcphdr *tcp = weir_reach(frame, cursor->offset, sizeof(*tcp));
	const __be16 *ports = weir_reach(frame, cursor->offset, 2 * sizeof(*ports));
	const __be32 *payload;
	__u32 header;

	facts->defect = incomplete;
	if (cursor->left < 2 * sizeof(*ports) || !ports)
		return;
	facts->source_port = weir_ntohs(ports[0]);
	facts->port = weir_ntohs(ports[1]);
	facts->tcp_offset = (__u16)cursor->offset;
	facts->layer = WEIR_LAYER_TCP;
	if (cursor->left < sizeof(*tcp) || !tcp)
		return;
	facts->seq = weir_ntohl(tcp->seq);
	facts->ack = weir_ntohl(tcp->ack_seq);
	facts->flags = ((const __u8 *)tcp)[13];
	header = ((const __u8 *)tcp)[12] >> 4 << 2;
	if (header < sizeof(*tcp)) {
		facts->defect = WEIR_REASON_TCP_HEADER;
		return;
	}
	if (header > cursor->left)
		return;
	if ((facts->flags & WEIR_TCP_SYN) && (facts->flags & (WEIR_TCP_FIN | WEIR_TCP_RST))) {
		facts->defect = WEIR_REASON_TCP_FLAGS;
		return;
	}
	facts->payload_length = cursor->left - header;
	facts->payload_offset = cursor->offset + header;
	if (cursor->is_fragment && !(facts->flags & WEIR_TCP_SYN) &&
	    facts->payload_length < WEIR_FRAGMENT_PAYLOAD_MIN)
		return;
	facts->defect = cursor->is_routed ? WEIR_REASON_ROUTING_HEADER : 0;
	if (facts->payload_length < sizeof(*payload))
		return;
	payload = weir_reach(frame, facts->payload_offset, sizeof(*payload));
	if (payload)
		facts->payload_head = *payload;
	else
		facts->defect = incomplete; /* it is there, but not within reach */
}

#endif
