/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The answer to a SYN: a SYN-ACK (RFC 9293, 3.5) without options but the MSS (3.7.1), as
 * 32-bit words in network byte order. Never longer than the SYN was. Pure.
 */
#ifndef WEIR_SYNACK_H
#define WEIR_SYNACK_H

#include <linux/in.h>

#include "platform.h"

#define WEIR_TCP_WORDS 6 /* with the option; the header alone is one less */
#define WEIR_IP4_WORDS 5
#define WEIR_IP6_WORDS 10

#define WEIR_SYNACK_FLAGS  0x12	      /* SYN, ACK */
#define WEIR_SYNACK_WINDOW 0xffff     /* no window scale: RFC 7323, 2.2 */
#define WEIR_SYNACK_HOPS   64	      /* RFC 1700's default */
#define WEIR_OPTION_MSS	   0x02040000 /* kind 2, length 4 */

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

/* The 16 bits of a checksum as the right half of a word in network byte order. */
static __always_inline __be32 weir_right_half(__u16 checksum)
{
	return weir_htonl(weir_ntohs(checksum));
}

/*
 * The TCP header. `syn` are the first two words of the SYN's; `addresses` the sum of both
 * addresses' words; `mss` in bytes, 0 for no option. Returns its length in bytes.
 */
static __always_inline __u32 weir_synack_tcp(__be32 words[WEIR_TCP_WORDS], const __be32 syn[2],
					     __u32 cookie, __u32 mss, __u64 addresses)
{
	__u32 ports = weir_ntohl(syn[0]), count = mss ? WEIR_TCP_WORDS : WEIR_TCP_WORDS - 1;
	__u64 sum;

	words[0] = weir_htonl(ports << 16 | ports >> 16);
	words[1] = weir_htonl(cookie);
	words[2] = weir_htonl(weir_ntohl(syn[1]) + 1);
	words[3] = weir_htonl(count << 28 | WEIR_SYNACK_FLAGS << 16 | WEIR_SYNACK_WINDOW);
	words[4] = 0;
	words[5] = mss ? weir_htonl(WEIR_OPTION_MSS | mss) : 0;
	/* RFC 9293, 3.1 and RFC 8200, 8.1: the two pseudo headers have the same sum. */
	sum = addresses + weir_htonl(IPPROTO_TCP) + weir_htonl(count * 4);
	words[4] =
	    weir_htonl((__u32)weir_ntohs(weir_fold(weir_sum(words, WEIR_TCP_WORDS, sum))) << 16);
	return count * 4;
}

/* The IPv4 header (RFC 791) with the SYN's addresses exchanged. */
static __always_inline void weir_synack_ip4(__be32 words[WEIR_IP4_WORDS],
					    const __be32 syn[WEIR_IP4_WORDS], __u32 tcp_length)
{
	words[0] = weir_htonl(0x45000000 | (WEIR_IP4_WORDS * 4 + tcp_length));
	words[1] = weir_htonl(0x4000); /* no identification, don't fragment: RFC 6864 */
	words[2] = weir_htonl(WEIR_SYNACK_HOPS << 24 | IPPROTO_TCP << 16);
	words[3] = syn[4];
	words[4] = syn[3];
	words[2] |= weir_right_half(weir_fold(weir_sum(words, WEIR_IP4_WORDS, 0)));
}

/* The IPv6 header (RFC 8200) with the SYN's addresses exchanged. */
static __always_inline void weir_synack_ip6(__be32 words[WEIR_IP6_WORDS],
					    const __be32 syn[WEIR_IP6_WORDS], __u32 tcp_length)
{
	words[0] = weir_htonl(0x60000000);
	words[1] = weir_htonl(tcp_length << 16 | IPPROTO_TCP << 8 | WEIR_SYNACK_HOPS);
	for (int i = 0; i < 4; i++) {
		words[2 + i] = syn[6 + i];
		words[6 + i] = syn[2 + i];
	}
}

#endif
