// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * What Weir's cost is compared with: dropping at once, parsing only, and parsing plus one LRU
 * lookup ("REF" in DESIGN.md). As bare as such programs can be: IPv4 without options only.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "weir/abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct weir_address);
	__type(value, __u64);
} known SEC(".maps");

/* The TCP header of a plain IPv4 frame, or NULL. */
static __always_inline const struct tcphdr *parse(struct xdp_md *ctx, __be32 *source)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = (const void *)(eth + 1);
	const struct tcphdr *tcp = (const void *)(ip + 1);

	if ((const void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_TCP)
		return NULL;
	*source = ip->saddr;
	return tcp;
}

SEC("xdp")
int reference_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("xdp")
int reference_parse(struct xdp_md *ctx)
{
	__be32 source;
	const struct tcphdr *tcp = parse(ctx, &source);

	return tcp && tcp->dest == bpf_htons(80) && source ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int reference_lru(struct xdp_md *ctx)
{
	struct weir_address key = {};
	const struct tcphdr *tcp = parse(ctx, &key.addr[3]);

	key.addr[2] = bpf_htonl(0xffff);
	if (!tcp || tcp->dest != bpf_htons(80))
		return XDP_PASS;
	return bpf_map_lookup_elem(&known, &key) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
