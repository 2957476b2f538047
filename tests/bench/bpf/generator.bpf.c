// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * A source of packets: run on live frames (BPF_F_TEST_XDP_LIVE_FRAMES) it gives each a random one
 * of so many sources and sends it out of an interface, as the card at its other end would see it.
 */
#include "frame.h"

const volatile __u32 generator_interface = 0;
const volatile __u32 generator_base = 0; /* the first source, in host byte order */
const volatile __u32 generator_bits = 0; /* there are 2^bits sources; at most 24 */

/* One thread runs it. */
__u32 generator_random = 0;
__u64 generator_sent = 0;

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct bench_frame frame;

	if (!bench_parse(ctx, &frame))
		return XDP_DROP;
	if (generator_bits) {
		/* Knuth's linear congruential generator; its upper bits are the better ones. */
		generator_random = generator_random * 1664525 + 1013904223;
		bench_set_source(&frame, bpf_htonl(generator_base +
						   (generator_random >> (32 - generator_bits))));
	}
	generator_sent++;
	return bpf_redirect(generator_interface, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
