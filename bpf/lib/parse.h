/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Ethernet, VLAN tags, IPv4 and IPv6 → facts. Whatever Linux would hand to TCP is either
 * understood here or has a defect; what Linux itself refuses may be called either.
 */
#ifndef WEIR_PARSE_H
#define WEIR_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "facts.h"
#include "parse_tcp.h"

#define WEIR_VLAN_MAX 4 /* Linux untags any number with VID 0; nobody sends more than two */
#define WEIR_LINK_MAX (14 + 4 * WEIR_VLAN_MAX)
#define WEIR_EXT_MAX  6 /* RFC 8200 names five kinds; Linux takes any number */

#define WEIR_IP_MORE_FRAGMENTS 0x2000
#define WEIR_IP_OFFSET_MASK    0x1fff
#define WEIR_IP6_OFFSET_MASK   0xfff8
#define WEIR_NEXT_HOP	       0
#define WEIR_NEXT_ROUTING      43
#define WEIR_NEXT_FRAGMENT     44
#define WEIR_NEXT_DESTINATION  60

struct weir_vlan_tag {
	__be16 control;
	__be16 next;
};

/* RFC 8200, 4.2: the part that hop-by-hop, destination and routing headers share. */
struct weir_ext {
	__u8 next;
	__u8 length;	    /* in 8 bytes, without the first 8 */
	__u8 routing_type;  /* routing header only */
	__u8 segments_left; /* routing header only */
	__u8 pad[4];
};

struct weir_ext_fragment { /* RFC 8200, 4.5 */
	__u8 next;
	__u8 reserved;
	__be16 offset_more; /* bit 0: more fragments */
	__be32 identification;
};

/* Returns whether TCP is next, and then where it starts. Else `facts` say what is known. */
static __always_inline int weir_parse_ip4(const struct weir_frame *frame,
					  struct weir_cursor *cursor, struct weir_facts *facts)
{
	const struct iphdr *ip = weir_reach(frame, cursor->offset, sizeof(*ip));
	__u32 header, total, fragment, room = frame->length - cursor->offset;

	facts->defect = WEIR_REASON_TRUNCATED;
	if (!ip)
		return 0;
	header = ((const __u8 *)ip)[0];
	if (header >> 4 != 4 || (header & 15) < 5) {
		facts->defect = WEIR_REASON_IP_HEADER;
		return 0;
	}
	header = (header & 15) * 4;
	facts->addr[2] = weir_htonl(0xffff);
	facts->addr[3] = ip->saddr;
	facts->layer = WEIR_LAYER_IP;
	facts->defect = 0;
	if (ip->protocol != IPPROTO_TCP)
		return 0;
	fragment = weir_ntohs(ip->frag_off);
	if (fragment & WEIR_IP_OFFSET_MASK) {
		facts->layer = WEIR_LAYER_TAIL;
		return 0;
	}
	total = weir_ntohs(ip->tot_len);
	if (!total && room > 0xffff)
		total = room; /* BIG TCP: merged by this host, never so on a wire */
	if (total < header || total > room) {
		facts->defect = WEIR_REASON_IP_LENGTH;
		return 0;
	}
	cursor->is_fragment = (fragment & WEIR_IP_MORE_FRAGMENTS) != 0;
	cursor->left = total - header;
	cursor->offset += header;
	return 1;
}

static __always_inline int weir_is_mapped(const __be32 addr[4])
{
	return !(addr[0] | addr[1]) && addr[2] == weir_htonl(0xffff);
}

/* Whether an IPv6 "next header" is one of those that are stepped over. */
static __always_inline int weir_is_ext(__u32 next)
{
	const __u64 kinds = 1ull << WEIR_NEXT_HOP | 1ull << WEIR_NEXT_ROUTING |
			    1ull << WEIR_NEXT_FRAGMENT | 1ull << WEIR_NEXT_DESTINATION;

	return next < 64 && kinds >> next & 1;
}

/*
 * Steps over one extension header. Returns what is next, or WEIR_NEXT_NONE: no further. Few
 * branches, since the verifier walks every path through WEIR_EXT_MAX of these.
 */
#define WEIR_NEXT_NONE 59
static __always_inline __u32 weir_parse_ext(const struct weir_frame *frame,
					    struct weir_cursor *cursor, __u32 next,
					    struct weir_facts *facts)
{
	const struct weir_ext *ext = weir_reach(frame, cursor->offset, sizeof(*ext));
	__u32 length;

	if (!ext)
		goto truncated;
	length = sizeof(*ext) + ext->length * 8u;
	if (next == WEIR_NEXT_FRAGMENT) {
		__u32 offset = weir_ntohs(((const struct weir_ext_fragment *)ext)->offset_more);

		if (offset & WEIR_IP6_OFFSET_MASK) {
			facts->layer = WEIR_LAYER_TAIL;
			return WEIR_NEXT_NONE;
		}
		length = sizeof(*ext);
		cursor->is_fragment |= offset & 1;
	} else if (next == WEIR_NEXT_ROUTING) {
		cursor->is_routed |= ext->segments_left;
	}
	if (length > cursor->left)
		goto truncated;
	cursor->left -= length;
	cursor->offset += length;
	return ext->next;
truncated:
	facts->defect = WEIR_REASON_TRUNCATED;
	return WEIR_NEXT_NONE;
}

/* As weir_parse_ip4(). */
static __always_inline int weir_parse_ip6(const struct weir_frame *frame,
					  struct weir_cursor *cursor, struct weir_facts *facts)
{
	const struct ipv6hdr *ip = weir_reach(frame, cursor->offset, sizeof(*ip));
	__u32 room = frame->length - cursor->offset - sizeof(*ip);
	__u32 next;

	facts->defect = WEIR_REASON_TRUNCATED;
	if (!ip)
		return 0;
	if (((const __u8 *)ip)[0] >> 4 != 6) {
		facts->defect = WEIR_REASON_IP_HEADER;
		return 0;
	}
	__builtin_memcpy(facts->addr, &ip->saddr, sizeof(facts->addr));
	/* It would be taken for the IPv4 source; Linux takes no connection from one either. */
	if (weir_is_mapped(facts->addr)) {
		facts->defect = WEIR_REASON_MAPPED_SOURCE;
		return 0;
	}
	facts->family = 1;
	facts->layer = WEIR_LAYER_IP;
	facts->defect = 0;
	cursor->left = weir_ntohs(ip->payload_len);
	if (!cursor->left && room > 0xffff)
		cursor->left = room; /* BIG TCP, as above */
	cursor->offset += sizeof(*ip);
	next = ip->nexthdr;
	for (int i = 0; i < WEIR_EXT_MAX && weir_is_ext(next); i++)
		next = weir_parse_ext(frame, cursor, next, facts);
	if (weir_is_ext(next))
		facts->defect = WEIR_REASON_EXT_HEADERS;
	if (next != IPPROTO_TCP)
		return 0;
	if (cursor->left > frame->length - cursor->offset) {
		facts->defect = WEIR_REASON_IP_LENGTH;
		return 0;
	}
	return 1;
}

/*
 * Sends a cursor through memory that the verifier knows nothing of: it would check what follows
 * once for each way of getting there. More headers than there can be do not reach the mask.
 */
static __always_inline void weir_forget_way(struct weir_cursor *cursor, struct weir_facts *facts)
{
	WEIR_STORE(&facts->seq, cursor->offset);
	WEIR_STORE(&facts->ack, cursor->left);
	WEIR_STORE(&facts->flags,
		   (__u8)((cursor->is_fragment != 0) | (cursor->is_routed != 0) << 1));
	cursor->offset = WEIR_LOAD(&facts->seq) & 0x7fff;
	cursor->left = WEIR_LOAD(&facts->ack);
	cursor->is_fragment = WEIR_LOAD(&facts->flags) & 1;
	cursor->is_routed = WEIR_LOAD(&facts->flags) >> 1;
	facts->seq = facts->ack = facts->flags = 0;
}

/* IPv4, IPv6 and TCP at an offset that is behind all tags. `facts` must be zero. */
static __always_inline void weir_parse_ip(const struct weir_frame *frame, __u32 offset, __be16 type,
					  struct weir_facts *facts)
{
	struct weir_cursor cursor = {.offset = offset};
	int is_tcp = 0;

	facts->ip_offset = (__u16)offset;
	if (type == weir_htons(ETH_P_IP))
		is_tcp = weir_parse_ip4(frame, &cursor, facts);
	else if (type == weir_htons(ETH_P_IPV6))
		is_tcp = weir_parse_ip6(frame, &cursor, facts);
	if (!is_tcp)
		return;
	weir_forget_way(&cursor, facts);
	weir_parse_tcp(frame, &cursor, facts);
}

static __always_inline int weir_is_vlan(__be16 type)
{
	return type == weir_htons(ETH_P_8021Q) || type == weir_htons(ETH_P_8021AD);
}

/*
 * Steps over the Ethernet header and its VLAN tags. Returns the offset of what follows and its
 * type, or 0 when there is nothing that Linux would look at.
 */
static __always_inline __u32 weir_parse_link(const struct weir_frame *frame, __be16 *type,
					     struct weir_facts *facts)
{
	const struct ethhdr *eth = weir_reach(frame, 0, sizeof(*eth));
	__u32 offset = sizeof(*eth);

	if (!eth)
		return 0;
	*type = eth->h_proto;
	for (int i = 0; i < WEIR_VLAN_MAX && weir_is_vlan(*type); i++) {
		const struct weir_vlan_tag *tag = weir_reach(frame, offset, sizeof(*tag));

		if (!tag)
			return 0;
		*type = tag->next;
		offset += sizeof(*tag);
	}
	if (weir_is_vlan(*type))
		facts->defect = WEIR_REASON_VLAN_DEPTH;
	return offset;
}

#endif
