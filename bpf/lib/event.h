/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Which event, if any, a segment to a protected port is. */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include "facts.h"

#define WEIR_EVENT_NONE WEIR_EVENT_COUNT

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

/*
 * Whether a segment starts an HTTP/1 request. A segment that does not begin with a method is
 * taken for the middle of something.
 */
static __always_inline int weir_starts_request(const struct weir_facts *facts)
{
	return (facts->flags & WEIR_TCP_ACK) && weir_is_method(facts->payload_head);
}

static __always_inline __u32 weir_event_of(const struct weir_facts *facts, __u32 protocol)
{
	if (facts->flags & WEIR_TCP_SYN)
		return facts->flags & WEIR_TCP_ACK ? WEIR_EVENT_NONE : WEIR_EVENT_SYN;
	if (facts->payload_length && protocol == WEIR_PROTOCOL_HTTP && weir_starts_request(facts))
		return WEIR_EVENT_REQUEST;
	return WEIR_EVENT_NONE;
}

#endif
