// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * What Weir is compared with: dropping or passing at once, parsing only, parsing plus one LRU
 * lookup ("REF" in DESIGN.md), and the naive throttle, which gives every source an entry of an LRU
 * map. As bare as such programs can be: IPv4 without options only.
 */
#include "frame.h"

#include "weir/abi.h"

/* As many sources as Weir's table has room for: the bench sets it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct weir_address);
	__type(value, __u64);
} known SEC(".maps");

/* Whether the packet is TCP to port 80, and who sent it. */
static __always_inline int is_ours(struct xdp_md *ctx, struct weir_address *source)
{
	struct bench_frame frame;

	if (!bench_parse(ctx, &frame) || frame.tcp->dest != bpf_htons(80))
		return 0;
	source->addr[0] = source->addr[1] = 0;
	source->addr[2] = bpf_htonl(0xffff);
	source->addr[3] = frame.ip->saddr;
	return 1;
}

SEC("xdp")
int reference_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("xdp")
int reference_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

SEC("xdp")
int reference_parse(struct xdp_md *ctx)
{
	struct weir_address source;

	return is_ours(ctx, &source) && source.addr[3] ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int reference_lru(struct xdp_md *ctx)
{
	struct weir_address source;

	if (!is_ours(ctx, &source))
		return XDP_PASS;
	return bpf_map_lookup_elem(&known, &source) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int reference_naive(struct xdp_md *ctx)
{
	struct weir_address source;
	const __u64 one = 1;
	__u64 *count;

	if (!is_ours(ctx, &source))
		return XDP_PASS;
	count = bpf_map_lookup_elem(&known, &source);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&known, &source, &one, BPF_NOEXIST);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
