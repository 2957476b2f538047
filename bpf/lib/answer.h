/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The headers of what a peer is sent in the host's place: a SYN-ACK (RFC 9293, 3.5), a reset
 * (3.10.7), or data and the end of the connection. As 32-bit words in network byte order. Pure.
 */
#ifndef WEIR_ANSWER_H
#define WEIR_ANSWER_H

#include <linux/in.h>

#include "facts.h"

#define WEIR_IP4_WORDS	  5
#define WEIR_IP6_WORDS	  10
#define WEIR_TCP_WORDS	  5 /* without options */
#define WEIR_OPTION_WORDS 3 /* the most that an answer has */

#define WEIR_ANSWER_WINDOW 0xffff /* no window scale: RFC 7323, 2.2 */
#define WEIR_ANSWER_HOPS   64	  /* RFC 1700's default */

#define WEIR_OPTION_MSS	       0x02040000 /* kind 2, length 4: RFC 9293, 3.2 */
#define WEIR_OPTION_TIMESTAMPS 0x0101080a /* after two that do nothing: RFC 7323, appendix A */

/* ---- checksums ------------------------------------------------------------------------------ */

/* The ones' complement sum (RFC 1071) of words, not folded; the order of bytes does not matter. */
static __always_inline __u64 weir_sum(const __be32 *words, int count, __u64 sum)
{
	for (int i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* Folds a sum to the 16 bits of a checksum, as they stand in memory. */
static __always_inline __u16 weir_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* The 16 bits of a checksum as the left or right half of a word in network byte order. */
static __always_inline __be32 weir_left_half(__u16 checksum)
{
	return weir_htonl((__u32)weir_ntohs(checksum) << 16);
}

static __always_inline __be32 weir_right_half(__u16 checksum)
{
	return weir_htonl(weir_ntohs(checksum));
}

/* ---- what is answered ----------------------------------------------------------------------- */

struct weir_answer {
	__u32 seq;
	__u32 ack;
	__u32 flags;	   /* WEIR_TCP_… */
	__u32 data_length; /* bytes behind the headers */
	__u32 data_sum;	   /* of these as 16-bit words in memory order */
	__u32 option_words;
	__be32 options[WEIR_OPTION_WORDS];
};

/* A SYN-ACK; `mss` in bytes, 0 for no option. */
static __always_inline void weir_make_synack(struct weir_answer *answer,
					     const struct weir_facts *facts, __u32 cookie,
					     __u32 mss)
{
	__builtin_memset(answer, 0, sizeof(*answer));
	answer->flags = WEIR_TCP_SYN | WEIR_TCP_ACK;
	answer->seq = cookie;
	answer->ack = facts->seq + 1;
	answer->option_words = mss ? 1 : 0;
	answer->options[0] = mss ? weir_htonl(WEIR_OPTION_MSS | mss) : 0;
}

/* A reset that a peer takes for its segment: RFC 9293, 3.10.7.1 and 3.5.3; RFC 5961, 3.2. */
static __always_inline void weir_make_reset(struct weir_answer *answer,
					    const struct weir_facts *facts)
{
	__builtin_memset(answer, 0, sizeof(*answer));
	answer->flags = WEIR_TCP_RST;
	if (facts->flags & WEIR_TCP_ACK) {
		answer->seq = facts->ack;
		return;
	}
	answer->flags |= WEIR_TCP_ACK;
	answer->ack = facts->seq + facts->payload_length + !!(facts->flags & WEIR_TCP_SYN) +
		      !!(facts->flags & WEIR_TCP_FIN);
}

/* An acknowledgement of all of a segment; `is_last`: and the end of what is sent. */
static __always_inline void weir_make_ack(struct weir_answer *answer,
					  const struct weir_facts *facts, int is_last)
{
	__builtin_memset(answer, 0, sizeof(*answer));
	answer->flags = WEIR_TCP_ACK | (is_last ? WEIR_TCP_FIN : 0);
	answer->seq = facts->ack;
	answer->ack = facts->seq + facts->payload_length + !!(facts->flags & WEIR_TCP_FIN);
}

/* Data in the server's place, and its end. `theirs`: the segment's TCP header, all 15 words. */
static __always_inline void weir_make_reply(struct weir_answer *answer,
					    const struct weir_facts *facts, const __be32 *theirs,
					    __u32 data_length, __u32 data_sum)
{
	__builtin_memset(answer, 0, sizeof(*answer));
	answer->flags = WEIR_TCP_ACK | WEIR_TCP_PSH | WEIR_TCP_FIN;
	answer->seq = facts->ack;
	answer->ack = facts->seq + facts->payload_length + !!(facts->flags & WEIR_TCP_FIN);
	answer->data_length = data_length;
	answer->data_sum = data_sum;
	/* Where a connection has them, a segment without may be dropped: RFC 7323, 3.2. */
	if (weir_ntohl(theirs[3]) >> 28 < WEIR_TCP_WORDS + 3 ||
	    theirs[5] != weir_htonl(WEIR_OPTION_TIMESTAMPS))
		return;
	answer->option_words = 3;
	answer->options[0] = theirs[5];
	answer->options[1] = theirs[7]; /* what they had of ours is ours now */
	answer->options[2] = theirs[6];
}

/* ---- its headers ---------------------------------------------------------------------------- */

/*
 * The TCP header, with room for all options. `ports`: the first word of theirs; `addresses`: the
 * sum of both addresses' words. Returns its length in bytes.
 */
static __always_inline __u32 weir_answer_tcp(__be32 words[WEIR_TCP_WORDS + WEIR_OPTION_WORDS],
					     const struct weir_answer *answer, __be32 ports,
					     __u64 addresses)
{
	__u32 both = weir_ntohl(ports), length = (WEIR_TCP_WORDS + answer->option_words) * 4;
	__u64 sum;

	words[0] = weir_htonl(both << 16 | both >> 16);
	words[1] = weir_htonl(answer->seq);
	words[2] = weir_htonl(answer->ack);
	words[3] = weir_htonl(length / 4 << 28 | answer->flags << 16 | WEIR_ANSWER_WINDOW);
	words[4] = 0;
	for (int i = 0; i < WEIR_OPTION_WORDS; i++)
		words[WEIR_TCP_WORDS + i] = answer->options[i];
	/* RFC 9293, 3.1 and RFC 8200, 8.1: the two pseudo headers have the same sum. */
	sum = addresses + weir_htonl(IPPROTO_TCP) + weir_htonl(length + answer->data_length) +
	      answer->data_sum;
	words[4] =
	    weir_left_half(weir_fold(weir_sum(words, WEIR_TCP_WORDS + WEIR_OPTION_WORDS, sum)));
	return length;
}

/* The IPv4 header (RFC 791) with their addresses exchanged; `length` of what is behind it. */
static __always_inline void weir_answer_ip4(__be32 words[WEIR_IP4_WORDS],
					    const __be32 theirs[WEIR_IP4_WORDS], __u32 length)
{
	words[0] = weir_htonl(0x45000000 | (WEIR_IP4_WORDS * 4 + length));
	words[1] = weir_htonl(0x4000); /* no identification, don't fragment: RFC 6864 */
	words[2] = weir_htonl(WEIR_ANSWER_HOPS << 24 | IPPROTO_TCP << 16);
	words[3] = theirs[4];
	words[4] = theirs[3];
	words[2] |= weir_right_half(weir_fold(weir_sum(words, WEIR_IP4_WORDS, 0)));
}

/* The same for IPv6 (RFC 8200). */
static __always_inline void weir_answer_ip6(__be32 words[WEIR_IP6_WORDS],
					    const __be32 theirs[WEIR_IP6_WORDS], __u32 length)
{
	words[0] = weir_htonl(0x60000000);
	words[1] = weir_htonl(length << 16 | IPPROTO_TCP << 8 | WEIR_ANSWER_HOPS);
	for (int i = 0; i < 4; i++) {
		words[2 + i] = theirs[6 + i];
		words[6 + i] = theirs[2 + i];
	}
}

#endif
