/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A dead man's switch for settings: brings those back that were in force before, at a set time,
 * whether an agent is there to do it or not (bpf_timer_init() in bpf-helpers(7)).
 */
#ifndef WEIR_ROLLBACK_H
#define WEIR_ROLLBACK_H

#include <linux/time.h>

#include "maps.h"

struct weir_rollback {
	struct bpf_timer timer;
	__u32 active; /* as weir_control.active is to be then */
	__u32 resets; /* and whether WEIR_RESETS is to be set */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weir_rollback);
} rollback SEC(".maps");

static int weir_roll_back(void *map, __u32 *key, struct weir_rollback *back)
{
	(void)map;
	(void)key;
	/* Set without need, the flag costs some nanoseconds; the agent clears it when it is back.
	 */
	if (back->resets)
		WEIR_OR(&weir_control.present, WEIR_RESETS);
	WEIR_STORE(&weir_control.active, back->active & 1);
	return 0;
}

/* Run by the agent with BPF_PROG_TEST_RUN; the packet is a struct weir_rollback_request. */
SEC("tc")
int weir_arm_rollback(struct __sk_buff *skb)
{
	const struct weir_rollback_request *request = (void *)(long)skb->data;
	struct weir_rollback *back;
	__u32 index = 0;

	back = bpf_map_lookup_elem(&rollback, &index);
	if (!back || (const void *)(request + 1) > (const void *)(long)skb->data_end)
		return -1;
	bpf_timer_init(&back->timer, &rollback, CLOCK_BOOTTIME); /* once; then it is there */
	if (!request->after_ns)
		return bpf_timer_cancel(&back->timer) < 0 ? -1 : 0;
	back->active = request->active;
	back->resets = request->resets;
	if (bpf_timer_set_callback(&back->timer, weir_roll_back))
		return -1;
	return bpf_timer_start(&back->timer, request->after_ns, 0) ? -1 : 0;
}

#endif
