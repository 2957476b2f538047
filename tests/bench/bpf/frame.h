/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the bench's own programs share: plain IPv4 and TCP headers, and a new source address in
 * them. As bare as such programs can be: no options, no tags.
 */
#ifndef WEIR_BENCH_FRAME_H
#define WEIR_BENCH_FRAME_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct bench_frame {
	struct iphdr *ip;
	struct tcphdr *tcp;
};

/* Returns whether the frame has these headers. */
static __always_inline int bench_parse(struct xdp_md *ctx, struct bench_frame *frame)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	frame->ip = (void *)(eth + 1);
	frame->tcp = (void *)(frame->ip + 1);
	return (void *)(frame->tcp + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP) &&
	       frame->ip->ihl == 5 && frame->ip->protocol == IPPROTO_TCP;
}

/* RFC 1624, equation 3: a checksum after the data's sum has grown by `difference`. */
static __always_inline __u16 bench_checksum(__u16 checksum, __u32 difference)
{
	__u32 sum = (__u16)~checksum + difference;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* Another source, with checksums that are right again: a stack looks at them. */
static __always_inline void bench_set_source(const struct bench_frame *frame, __be32 source)
{
	__u32 old = ~frame->ip->saddr;
	__u32 difference = (old & 0xffff) + (old >> 16) + (source & 0xffff) + ((__u32)source >> 16);

	frame->ip->saddr = source;
	frame->ip->check = bench_checksum(frame->ip->check, difference);
	frame->tcp->check = bench_checksum(frame->tcp->check, difference);
}

#endif
