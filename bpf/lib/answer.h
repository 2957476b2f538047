/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The TCP header of what a peer is sent who is turned away: a reset (RFC 9293, 3.10.7), or data
 * and the end of the connection. As 32-bit words in network byte order. Pure.
 */
#ifndef WEIR_ANSWER_H
#define WEIR_ANSWER_H

#include "facts.h"
#include "synack.h"

#define WEIR_ANSWER_WORDS 8 /* with timestamps; without, three less */

#define WEIR_TCP_PSH 0x08

/* "No operation" twice, then the timestamps' kind and length: RFC 7323, appendix A. */
#define WEIR_OPTION_TIMESTAMPS 0x0101080a

struct weir_answer {
	__u32 seq;
	__u32 ack;
	__u32 flags; /* WEIR_TCP_… */
	__u32 data_length;
	__u32 data_sum;	      /* of 16-bit words in memory order */
	__u32 has_timestamps; /* these: */
	__be32 their_value, their_echo;
};

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

/* Data in the server's place, and its end. `theirs`: the segment's TCP header, with room for 15
 * words. */
static __always_inline void weir_make_reply(struct weir_answer *answer,
					    const struct weir_facts *facts, const __be32 *theirs,
					    __u32 data_length, __u32 data_sum)
{
	answer->flags = WEIR_TCP_ACK | WEIR_TCP_PSH | WEIR_TCP_FIN;
	answer->seq = facts->ack;
	answer->ack = facts->seq + facts->payload_length + !!(facts->flags & WEIR_TCP_FIN);
	answer->data_length = data_length;
	answer->data_sum = data_sum;
	/* Where a connection has them, a segment without may be dropped: RFC 7323, 3.2. */
	answer->has_timestamps =
	    weir_ntohl(theirs[3]) >> 28 >= 8 && theirs[5] == weir_htonl(WEIR_OPTION_TIMESTAMPS);
	answer->their_value = theirs[6];
	answer->their_echo = theirs[7];
}

/*
 * Writes the header. `ports`: the first word of theirs; `addresses`: the sum of both addresses'
 * words. Returns its length in bytes.
 */
static __always_inline __u32 weir_answer_tcp(__be32 words[WEIR_ANSWER_WORDS],
					     const struct weir_answer *answer, __be32 ports,
					     __u64 addresses)
{
	__u32 both = weir_ntohl(ports), count = answer->has_timestamps ? 8 : 5;
	__u64 sum;

	words[0] = weir_htonl(both << 16 | both >> 16);
	words[1] = weir_htonl(answer->seq);
	words[2] = weir_htonl(answer->ack);
	words[3] = weir_htonl(count << 28 | answer->flags << 16 | WEIR_SYNACK_WINDOW);
	words[4] = 0;
	words[5] = answer->has_timestamps ? weir_htonl(WEIR_OPTION_TIMESTAMPS) : 0;
	words[6] = answer->has_timestamps ? answer->their_echo : 0;
	words[7] = answer->has_timestamps ? answer->their_value : 0;
	sum = addresses + weir_htonl(IPPROTO_TCP) + weir_htonl(count * 4 + answer->data_length) +
	      answer->data_sum;
	words[4] =
	    weir_htonl((__u32)weir_ntohs(weir_fold(weir_sum(words, WEIR_ANSWER_WORDS, sum))) << 16);
	return count * 4;
}

#endif
