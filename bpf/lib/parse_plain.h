/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The plain shape of a packet → facts, the short way. */
#ifndef WEIR_PARSE_PLAIN_H
#define WEIR_PARSE_PLAIN_H

#include "parse.h"

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
