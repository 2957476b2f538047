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

/*
 * Takes the data off a SYN to a service whose requests are judged. A checksum that was wrong stays
 * so. Returns 0 when it was left as it is. `service`: index + 1.
 */
__noinline int weir_cut_syn_xdp(struct xdp_md *ctx, const struct weir_facts *facts, __u32 service)
{
	const struct weir_settings *set = weir_active(&weir_control);
	struct weir_desk *desk = weir_my_desk();
	__u32 length, ip_size;
	__be16 before, after;
	struct ipv6hdr *ip6;
	struct tcphdr *tcp;
	struct iphdr *ip;
	__s64 data;
	int more;

	if (!facts || !desk || set->mode != WEIR_MODE_ENFORCE ||
	    set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)].protocol != WEIR_PROTOCOL_HTTP ||
	    (weir_control.present & WEIR_HAVE_ALLOW_NETS && weir_is_allowed(facts)) ||
	    !weir_load_handshake(ctx, WEIR_HOOK_XDP, facts, &desk->handshake))
		return 0;
	data = weir_sum_data(ctx, facts, desk);
	if (data < 0)
		return 0;
	length = desk->handshake.tcp_length & 63; /* for the verifier */
	tcp = (struct tcphdr *)desk->handshake.tcp;
	before = weir_htons((__u16)(length + facts->payload_length));
	after = weir_htons((__u16)length);
	tcp->check = weir_checksum_less(tcp->check, (__u32)data, before, after);
	ip = (struct iphdr *)desk->handshake.ip;
	ip6 = (struct ipv6hdr *)ip;
	if (facts->family) {
		ip_size = sizeof(*ip6);
		ip6->payload_len = after;
	} else {
		ip_size = sizeof(*ip);
		before = ip->tot_len;
		ip->tot_len = weir_htons((__u16)(sizeof(*ip) + length));
		ip->check = weir_checksum_less(ip->check, 0, before, ip->tot_len);
	}
	more = (int)(facts->tcp_offset + length) - (int)bpf_xdp_get_buff_len(ctx);
	return length && !bpf_xdp_store_bytes(ctx, facts->ip_offset, ip, ip_size) &&
	       !bpf_xdp_store_bytes(ctx, facts->tcp_offset, tcp, length) &&
	       !bpf_xdp_adjust_tail(ctx, more);
}

#endif
