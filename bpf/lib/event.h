/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Which segments to a protected port may be events. */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include "facts.h"

/* The first four bytes of every method of RFC 9110, 9.1 and RFC 5789 with what may follow. */
static __always_inline int weir_is_method(__be32 head)
{
	switch (weir_ntohl(head)) {
	case 0x47455420: /* "GET " */
	case 0x504f5354: /* "POST" */
	case 0x48454144: /* "HEAD" */
	case 0x50555420: /* "PUT " */
	case 0x44454c45: /* "DELE" */
	case 0x4f505449: /* "OPTI" */
	case 0x50415443: /* "PATC" */
	case 0x434f4e4e: /* "CONN" */
	case 0x54524143: /* "TRAC" */
		return 1;
	}
	return 0;
}

/* Whether a segment asks for a connection. */
static __always_inline int weir_is_syn(const struct weir_facts *facts)
{
	return (facts->flags & (WEIR_TCP_SYN | WEIR_TCP_ACK)) == WEIR_TCP_SYN;
}

/* Whether a segment carries data that a request may be in. */
static __always_inline int weir_may_be_request(const struct weir_facts *facts, __u32 protocol)
{
	return facts->payload_length && protocol == WEIR_PROTOCOL_HTTP &&
	       (facts->flags & (WEIR_TCP_SYN | WEIR_TCP_RST | WEIR_TCP_ACK)) == WEIR_TCP_ACK;
}

#endif
