// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Gives a test run's frame another source each time, and puts back what the program before has
 * written over, if it is told what was there; and then jumps to the program under test,
 * which is the very one that is attached to interfaces: a tail call to a fixed slot is a jump.
 */
#include "frame.h"

/* 10.0.0.0/8, and an odd number, which scatters the numbers from 0 over it without a collision. */
#define DRIVER_BASE    0x0a000000u
#define DRIVER_SCATTER 0x9e3779b1u

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

/* One thread runs it. */
__u32 driver_next = 0;
__u32 driver_mask = 0; /* how many sources take turns, less one */

__u32 driver_bits = 0;	   /* those of the mask */
__u32 driver_step = 0;	   /* each source's segments are so many bytes apart; 0: always the same */
__u32 driver_restores = 0; /* bytes of: */
__u8 driver_frame[128];

SEC("xdp")
int driver(struct xdp_md *ctx)
{
	struct bench_frame frame;
	__u32 length = driver_restores;

	if (length && length <= sizeof(driver_frame)) {
		int more = (int)length - (int)(ctx->data_end - ctx->data);

		if (more)
			bpf_xdp_adjust_tail(ctx, more);
		bpf_xdp_store_bytes(ctx, 0, driver_frame, length);
	}
	if (bench_parse(ctx, &frame)) {
		__u32 all = driver_next++, number = all & driver_mask;

		if (driver_step) {
			/* Data that follows what came before, and answers to all of that. */
			all = (all >> (driver_bits & 31)) * driver_step;
			frame.tcp->seq = frame.tcp->ack_seq = bpf_htonl(all);
		}
		bench_set_source(&frame,
				 bpf_htonl(DRIVER_BASE | (number * DRIVER_SCATTER & 0xffffff)));
	}
	bpf_tail_call_static(ctx, &target, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
