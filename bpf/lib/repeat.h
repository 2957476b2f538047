/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Requests that are being answered, by source and URL: who asks for the same again meanwhile has
 * clicked twice. Pure but for the entry passed in.
 */
#ifndef WEIR_REPEAT_H
#define WEIR_REPEAT_H

#include "platform.h"

/* So many repeats in a minute close a URL to a source until the minute is over. */
#define WEIR_REPEATS_MAX 15
#define WEIR_REPEAT_MS	 60000

/*
 * Only a request that is being answered for so long is repeated by another: what many connections
 * ask for at once (a load generator, an office behind one address) is answered sooner than anybody
 * clicks twice.
 */
#define WEIR_REPEAT_AFTER_MS 100

static __always_inline __u32 weir_running_index(__u64 id)
{
	return (__u32)id & (WEIR_RUNNING - 1);
}

/* Whether the newest request has been under way for long enough. CPUs read their clocks apart. */
static __always_inline int weir_is_slow(const struct weir_running *running, __u64 now_ms)
{
	return now_ms >= running->begun_ms + WEIR_REPEAT_AFTER_MS;
}

/* Begins another minute when the one is over. */
static __always_inline void weir_repeat_minute(struct weir_running *running, __u64 now_ms)
{
	if (now_ms < running->minute_ms + WEIR_REPEAT_MS)
		return;
	running->minute_ms = now_ms;
	running->repeats = 0;
}

static __always_inline int weir_is_closed(const struct weir_running *running)
{
	return running->repeats >= WEIR_REPEATS_MAX;
}

#endif
