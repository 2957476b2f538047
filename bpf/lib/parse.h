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

/*
 * The plain shape, which nearly every packet has: whole IPv4 without options or IPv6 without
 * extension headers, right behind Ethernet, with TCP in it. It is looked at without a loop or a
 * call, at offsets that the compiler knows, in two steps: `head` is enough for bulk data.
 */
struct weir_plain {
	const struct tcphdr *tcp;
	__u32 offset; /* of the TCP header in the frame */
	__u32 length; /* of header and payload, by the IP header */
	__u32 header; /* of the TCP header */
	__u32 word;   /* data offset, reserved bits and flags, in host byte order */
	__u16 port;   /* that it goes to */
};

/*
 * Fields that lie side by side are compared as one word: this runs for every packet, and each
 * branch that is saved is a twentieth of its cost. (Not by struct ethhdr either: it is packed,
 * and clang would read it byte by byte.) The words are as a big-endian reader sees them.
 */
#define WEIR_WORD_AT(frame, offset) (*(const __be32 *)((frame)->data + (offset)))
#define WEIR_PLAIN_LINK		    12 /* EtherType, then IP's version, IPv4's header length, and a byte */
#define WEIR_PLAIN_LINK4	    0x08004500
#define WEIR_PLAIN_MASK4	    0xffffff00
#define WEIR_PLAIN_LINK6	    0x86dd6000
#define WEIR_PLAIN_MASK6	    0xfffff000
#define WEIR_PLAIN_FRAGMENT	    20 /* IPv4: flags and fragment offset, time to live, protocol */
#define WEIR_PLAIN_FRAGMENT_MASK    0x3fff00ff

/*
 * Whether an IPv4 (`is_v6` 0) or IPv6 frame is plain with nothing to object to. No means that
 * weir_parse_link() and weir_parse_ip() have to look.
 */
static __always_inline int weir_parse_plain_head(const struct weir_frame *frame, const int is_v6,
						 struct weir_plain *plain)
{
	const struct iphdr *ip = (const void *)(frame->data + sizeof(struct ethhdr));
	const struct ipv6hdr *ip6 = (const void *)ip;
	__u32 room;

	plain->offset = sizeof(struct ethhdr) + (is_v6 ? sizeof(*ip6) : sizeof(*ip));
	plain->tcp = (const void *)(frame->data + plain->offset);
	if (WEIR_UNLIKELY((const __u8 *)(plain->tcp + 1) > frame->end))
		return 0;
	if ((WEIR_WORD_AT(frame, WEIR_PLAIN_LINK) &
	     weir_htonl(is_v6 ? WEIR_PLAIN_MASK6 : WEIR_PLAIN_MASK4)) !=
	    weir_htonl(is_v6 ? WEIR_PLAIN_LINK6 : WEIR_PLAIN_LINK4))
		return 0;
	if (is_v6) {
		plain->length = weir_ntohs(ip6->payload_len);
		if (ip6->nexthdr != IPPROTO_TCP || weir_is_mapped((const __be32 *)&ip6->saddr))
			return 0;
	} else {
		plain->length = weir_ntohs(ip->tot_len) - (__u32)sizeof(*ip);
		if ((WEIR_WORD_AT(frame, WEIR_PLAIN_FRAGMENT) &
		     weir_htonl(WEIR_PLAIN_FRAGMENT_MASK)) != weir_htonl(IPPROTO_TCP))
			return 0;
	}
	plain->word = weir_ntohs(((const __be16 *)plain->tcp)[6]);
	plain->header = (plain->word >> 12) * 4;
	plain->port = weir_ntohs(plain->tcp->dest);
	room = frame->length - plain->offset;
	/* header >= 20, length >= header and room >= length: none of the differences negative. */
	return (__s32)((plain->header - sizeof(*plain->tcp)) | (plain->length - plain->header) |
		       (room - plain->length)) >= 0;
}

/*
 * The bulk of all packets: plain IPv4 that carries nothing and starts nothing. No more is looked
 * at than needed for that.
 */
static __always_inline int weir_is_bulk(const struct weir_frame *frame, __u16 *port)
{
	const struct iphdr *ip = (const void *)(frame->data + sizeof(struct ethhdr));
	const struct tcphdr *tcp = (const void *)(ip + 1);
	__u32 total, header;

	if ((const __u8 *)(tcp + 1) > frame->end ||
	    (WEIR_WORD_AT(frame, WEIR_PLAIN_LINK) & weir_htonl(WEIR_PLAIN_MASK4)) !=
		weir_htonl(WEIR_PLAIN_LINK4) ||
	    (WEIR_WORD_AT(frame, WEIR_PLAIN_FRAGMENT) & weir_htonl(WEIR_PLAIN_FRAGMENT_MASK)) !=
		weir_htonl(IPPROTO_TCP))
		return 0;
	total = weir_ntohs(ip->tot_len);
	header = ((const __u8 *)tcp)[12] >> 4 << 2;
	*port = weir_ntohs(tcp->dest);
	return !(((const __u8 *)tcp)[13] & WEIR_TCP_SYN) && header >= sizeof(*tcp) &&
	       total == sizeof(*ip) + header && total <= frame->length - sizeof(struct ethhdr);
}

/* The same of a plain frame, IPv4 or IPv6. */
static __always_inline int weir_is_plain_bulk(const struct weir_plain *plain)
{
	return !((plain->header ^ plain->length) | (plain->word & WEIR_TCP_SYN));
}

static __always_inline void weir_parse_plain_source(const struct weir_frame *frame, const int is_v6,
						    struct weir_facts *facts)
{
	const void *ip = frame->data + sizeof(struct ethhdr);

	facts->family = (__u8)is_v6;
	if (is_v6) {
		__builtin_memcpy(facts->addr, &((const struct ipv6hdr *)ip)->saddr,
				 sizeof(facts->addr));
	} else {
		facts->addr[0] = facts->addr[1] = 0;
		facts->addr[2] = weir_htonl(0xffff);
		facts->addr[3] = ((const struct iphdr *)ip)->saddr;
	}
}

/* The facts that are left. Returns 0 when there is something to object to after all. */
static __always_inline int weir_parse_plain_rest(const struct weir_frame *frame,
						 const struct weir_plain *plain,
						 struct weir_facts *facts)
{
	const __be32 *payload = (const void *)((const __u8 *)plain->tcp + plain->header);

	if (plain->word & WEIR_TCP_SYN && plain->word & (WEIR_TCP_FIN | WEIR_TCP_RST))
		return 0;
	facts->payload_length = plain->length - plain->header;
	facts->payload_offset = plain->offset + plain->header;
	facts->payload_head = 0;
	if (facts->payload_length >= sizeof(facts->payload_head)) {
		if ((const __u8 *)(payload + 1) > frame->end)
			return 0;
		facts->payload_head = *payload;
	}
	facts->ip_offset = sizeof(struct ethhdr);
	facts->tcp_offset = (__u16)plain->offset;
	facts->seq = weir_ntohl(plain->tcp->seq);
	facts->ack = weir_ntohl(plain->tcp->ack_seq);
	facts->source_port = weir_ntohs(plain->tcp->source);
	facts->port = plain->port;
	facts->layer = WEIR_LAYER_TCP;
	facts->flags = (__u8)plain->word;
	facts->defect = 0;
	return 1;
}

/* All facts of a plain frame; no as above. */
static __always_inline int weir_parse_plain(const struct weir_frame *frame, const int is_v6,
					    struct weir_facts *facts)
{
	struct weir_plain plain;

	if (!weir_parse_plain_head(frame, is_v6, &plain))
		return 0;
	weir_parse_plain_source(frame, is_v6, facts);
	return weir_parse_plain_rest(frame, &plain, facts);
}

#endif
