/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * CLOCK_BOOTTIME, in milliseconds. Reading it costs more than everything else that is done to
 * a packet, so each CPU reads it once in a jiffy: the time may lag by that (1 to 10 ms), and is
 * right again at once after a suspend. A test sets the clock instead.
 */
#ifndef WEIR_CLOCK_H
#define WEIR_CLOCK_H

#include <bpf/bpf_helpers.h>

#include "weir/abi.h"

const volatile __u32 weir_test_clock = 0; /* 1: time is weir_test_ms */
volatile __u64 weir_test_ms = 0;

#define WEIR_NS_PER_MS 1000000

static __always_inline __u64 weir_now_ms(struct weir_stats *stats)
{
	__u64 jiffies;

	if (weir_test_clock)
		return weir_test_ms;
	jiffies = bpf_jiffies64();
	if (stats->clock_jiffies != jiffies) {
		stats->clock_ms = bpf_ktime_get_boot_ns() / WEIR_NS_PER_MS;
		stats->clock_jiffies = jiffies;
	}
	return stats->clock_ms;
}

static __always_inline __u64 weir_precise_ns(void)
{
	return weir_test_clock ? weir_test_ms * WEIR_NS_PER_MS : bpf_ktime_get_boot_ns();
}

/* To the millisecond; for delays, which are promised to the millisecond. */
static __always_inline __u64 weir_precise_ms(void)
{
	return weir_precise_ns() / WEIR_NS_PER_MS;
}

#endif
