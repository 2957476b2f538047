/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A SYN with data (TCP Fast Open, RFC 7413): only the host can tell whether its cookie is one of
 * his, and so whether a request in it is anybody's. So the data is cut off, as a network may do
 * (RFC 7413, 7.1); the client, who hears that it has not come, sends it again with the
 * handshake's last segment, and there it is judged as any request is. XDP only.
 */
#ifndef WEIR_FAST_OPEN_H
#define WEIR_FAST_OPEN_H

#include "connection.h"
#include "lib/answer.h"
#include "nets.h"

/* So many bytes are summed at once: no kernel's bpf_csum_diff() takes more than 512. */
#define WEIR_SUM_CHUNK 256

/* The ones' complement sum of a SYN's data, not folded; a negative number: it cannot be read. */
static __always_inline __s64 weir_sum_data(struct xdp_md *ctx, const struct weir_facts *facts,
					   struct weir_desk *desk)
{
	__u32 length = facts->payload_length, offset = facts->payload_offset, part;
	__s64 sum = 0;

	for (int i = 0; i < WEIR_READ_MAX / WEIR_SUM_CHUNK && length; i++) {
		part = length < WEIR_SUM_CHUNK ? length : WEIR_SUM_CHUNK;
		/* The last may end within a word, which the sum takes for zeros behind. */
		__builtin_memset(desk->data, 0, WEIR_SUM_CHUNK);
		part = ((part - 1) & (WEIR_SUM_CHUNK - 1)) + 1; /* for the verifier */
		if (bpf_xdp_load_bytes(ctx, offset, desk->data, part))
			return -1;
		sum = bpf_csum_diff(NULL, 0, (__be32 *)desk->data, WEIR_SUM_CHUNK, (__u32)sum);
		if (sum < 0)
			return -1;
		offset += part;
		length -= part;
	}
	return length ? -1 : sum;
}

/* What a checksum becomes when a sum was taken out and a 16-bit word has changed: RFC 1624. */
static __always_inline __u16 weir_checksum_less(__u16 checksum, __u32 less, __be16 before,
						__be16 after)
{
	return weir_fold((__u64)(__u16)~checksum + (__u32)~less + (__u16)~before + after);
}

/* Changes a length in a header by bytes that are no longer there. Returns what it was, or 0. */
static __always_inline __be16 weir_shorten(struct xdp_md *ctx, __u32 at, __u32 bytes, __be16 *after)
{
	__be16 before;

	if (bpf_xdp_load_bytes(ctx, at, &before, sizeof(before)) || weir_ntohs(before) < bytes)
		return 0;
	*after = weir_htons((__u16)(weir_ntohs(before) - bytes));
	return bpf_xdp_store_bytes(ctx, at, after, sizeof(*after)) ? 0 : before;
}

/* Changes a checksum as weir_checksum_less() does. */
static __always_inline int weir_mend_checksum(struct xdp_md *ctx, __u32 at, __u32 less,
					      __be16 before, __be16 after)
{
	__u16 checksum;

	if (bpf_xdp_load_bytes(ctx, at, &checksum, sizeof(checksum)))
		return 0;
	checksum = weir_checksum_less(checksum, less, before, after);
	return !bpf_xdp_store_bytes(ctx, at, &checksum, sizeof(checksum));
}

/* Why a SYN's data cannot be cut off: enum weir_reason, or 0. Where the rest is nobody knows. */
static __always_inline int weir_is_in_parts(struct xdp_md *ctx, const struct weir_facts *facts)
{
	__be16 fragment;

	if (facts->family)
		return facts->tcp_offset != facts->ip_offset + sizeof(struct ipv6hdr)
			   ? WEIR_REASON_EXT_HEADERS
			   : 0;
	return bpf_xdp_load_bytes(ctx, facts->ip_offset + offsetof(struct iphdr, frag_off),
				  &fragment, sizeof(fragment)) ||
		       fragment & weir_htons(0x3fff)
		   ? WEIR_REASON_TINY_FRAGMENT
		   : 0;
}

/*
 * Takes the data off a SYN to a service whose requests are judged. A checksum that was wrong stays
 * so. Returns enum weir_reason when such a SYN must be refused, for its data cannot be cut off;
 * else 0. `service`: index + 1.
 */
__noinline int weir_cut_syn_xdp(struct xdp_md *ctx, const struct weir_facts *facts, __u32 service)
{
	const struct weir_settings *set = weir_active(&weir_control);
	struct weir_desk *desk = weir_my_desk();
	__be16 before, after = 0;
	__u32 length, ip_length;
	__s64 data;
	int reason;

	if (!facts || !desk || set->mode != WEIR_MODE_ENFORCE ||
	    set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)].protocol != WEIR_PROTOCOL_HTTP ||
	    (weir_control.present & WEIR_HAVE_ALLOW_NETS && weir_is_allowed(facts)))
		return 0;
	reason = weir_is_in_parts(ctx, facts);
	if (reason)
		return reason;
	data = weir_sum_data(ctx, facts, desk);
	ip_length = facts->ip_offset + (facts->family ? offsetof(struct ipv6hdr, payload_len)
						      : offsetof(struct iphdr, tot_len));
	before = data < 0 ? 0 : weir_shorten(ctx, ip_length, facts->payload_length, &after);
	if (!before)
		return WEIR_REASON_IP_LENGTH;
	if (!facts->family &&
	    !weir_mend_checksum(ctx, facts->ip_offset + offsetof(struct iphdr, check), 0, before,
				after))
		return WEIR_REASON_IP_LENGTH;
	length = facts->payload_offset - facts->tcp_offset;
	if (!weir_mend_checksum(ctx, facts->tcp_offset + offsetof(struct tcphdr, check),
				(__u32)data, weir_htons((__u16)(length + facts->payload_length)),
				weir_htons((__u16)length)) ||
	    bpf_xdp_adjust_tail(ctx, (int)facts->payload_offset - (int)bpf_xdp_get_buff_len(ctx)))
		return WEIR_REASON_IP_LENGTH;
	return 0;
}

#endif
