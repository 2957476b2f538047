/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Puts an answer in the place of a packet. XDP only: under tc it would be built from a packet whose
 * checksum may be the card's to finish.
 */
#ifndef WEIR_WRITE_H
#define WEIR_WRITE_H

#include "connection.h"
#include "lib/answer.h"

/* What most drivers leave before a frame, but for what the kernel puts there itself. In bytes. */
#define WEIR_HEADROOM 192

/*
 * Makes the frame so long. Where a driver leaves no room behind it, it begins earlier: whatever is
 * in it is written anew. Lengths in bytes.
 */
static __always_inline int weir_resize(struct xdp_md *ctx, __u32 length)
{
	int more = (int)length - (int)(ctx->data_end - ctx->data);

	if (!more || !bpf_xdp_adjust_tail(ctx, more) ||
	    (more > 0 && !bpf_xdp_adjust_head(ctx, -more)))
		return 1;
	if (more <= WEIR_HEADROOM || bpf_xdp_adjust_head(ctx, -WEIR_HEADROOM))
		return 0;
	if (!bpf_xdp_adjust_tail(ctx, more - WEIR_HEADROOM))
		return 1;
	bpf_xdp_adjust_head(ctx, WEIR_HEADROOM); /* as it was: a shorter answer may do */
	return 0;
}

/* Never to groups: RFC 9293, 3.9.2.3. */
static __always_inline int weir_is_to_one(const struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;

	return data + sizeof(struct ethhdr) <= end && !((data[0] | data[6]) & 1);
}

/*
 * Writes an answer to the packet whose headers are on the desk; `text` are its data, WEIR_REPLY_MAX
 * bytes at most. Returns 0 when there is no room.
 */
static __always_inline int weir_write(struct xdp_md *ctx, const struct weir_facts *facts,
				      struct weir_desk *desk, const struct weir_answer *answer,
				      const char *text)
{
	__u32 ip_length = facts->family ? WEIR_IP6_WORDS * 4 : WEIR_IP4_WORDS * 4;
	__u32 link_length = facts->ip_offset & 31, tcp_length, at; /* WEIR_LINK_MAX fits */
	__u32 data_length = answer->data_length & (2 * WEIR_REPLY_MAX - 1);
	const __be32 *theirs = desk->handshake.ip;
	__u8 mac[6];

	if (link_length < sizeof(struct ethhdr) || data_length > WEIR_REPLY_MAX ||
	    bpf_xdp_load_bytes(ctx, 0, desk->link, link_length))
		return 0;
	tcp_length = weir_answer_tcp(desk->tcp, answer, desk->handshake.tcp[0],
				     facts->family ? weir_sum(theirs + 2, 8, 0)
						   : weir_sum(theirs + 3, 2, 0));
	if (facts->family)
		weir_answer_ip6(desk->ip, theirs, tcp_length + data_length);
	else
		weir_answer_ip4(desk->ip, theirs, tcp_length + data_length);
	if (!weir_resize(ctx, link_length + ip_length + tcp_length + data_length))
		return 0;
	__builtin_memcpy(mac, desk->link, sizeof(mac));
	__builtin_memcpy(desk->link, desk->link + 6, sizeof(mac));
	__builtin_memcpy(desk->link + 6, mac, sizeof(mac));
	at = link_length + ip_length;
	tcp_length &= 63; /* for the verifier */
	if (bpf_xdp_store_bytes(ctx, 0, desk->link, link_length) ||
	    bpf_xdp_store_bytes(ctx, link_length, desk->ip, ip_length) || !tcp_length ||
	    tcp_length > sizeof(desk->tcp) || bpf_xdp_store_bytes(ctx, at, desk->tcp, tcp_length))
		return 0;
	return !data_length ||
	       !bpf_xdp_store_bytes(ctx, at + tcp_length, (void *)text, data_length);
}

#endif
