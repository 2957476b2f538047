/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Who sends how much: of few packets each is told of, of many those in which the bytes reach the
 * next multiple of a power of two, from a random start each time. So a source is told of as often
 * as is its share, whatever the order of packets, and each time of all bytes since the last time:
 * that is right in the mean, with a deviation of 1/sqrt(times). The same with events. Pure.
 */
#ifndef WEIR_SAMPLE_H
#define WEIR_SAMPLE_H

#include "platform.h"

#define WEIR_SAMPLES_A_SECOND 250 /* of a kind, CPU and interface; beyond, coarser */
#define WEIR_SAMPLE_SECOND    10  /* a power of two: such a second has 1024 ms */
/* With that many, the first step from each: of so many (a power of two) one. */
#define WEIR_COARSE_BYTES   11
#define WEIR_COARSE_EVENTS  1
#define WEIR_COARSEST	    32
#define WEIR_SAMPLES_IN_ONE 6 /* a power of two: one stands for no more that found no room */

#define WEIR_SAMPLER_OFF 63

static __always_inline __u32 weir_sampler_shift(const struct weir_sampler *sampler)
{
	return (__u32)sampler->shift & 63;
}

/* Whether `more` behind `total` are to be told of. */
static __always_inline int weir_is_sampled(const struct weir_sampler *sampler, __u64 total,
					   __u64 more)
{
	__u64 at = total + sampler->skew;

	return ((at ^ (at + more)) >> weir_sampler_shift(sampler)) != 0;
}

/*
 * At a packet of another second, and at each that is told of: becomes finer by a step where less
 * than a quarter of what may be told of is.
 */
static __always_inline void weir_sampler_pace(struct weir_sampler *sampler, __u64 total,
					      __u64 second, __u32 coarse)
{
	__u32 shift = weir_sampler_shift(sampler);
	__u64 seconds;

	if (sampler->second == second)
		return;
	seconds = second > sampler->second ? second - sampler->second : 1;
	if (shift && ((total - sampler->begun) / seconds) >> shift < WEIR_SAMPLES_A_SECOND / 4) {
		sampler->shift = shift > coarse ? shift - 1 : 0;
		sampler->told = total; /* or the next one would stand for the rest of a flood */
	}
	sampler->second = second;
	sampler->begun = total;
	sampler->count = 0;
}

static __always_inline void weir_sampler_coarsen(struct weir_sampler *sampler, __u32 coarse)
{
	__u32 shift = weir_sampler_shift(sampler);

	if (shift < WEIR_COARSEST)
		sampler->shift = shift ? shift + 1 : coarse;
	sampler->count = 0;
}

/*
 * What the packet stands for that makes `more` of `total`: all since the last that was told of.
 * Where many found no room, some are left out: what nobody took in an hour is not the next one's.
 */
static __always_inline __u64 weir_sampler_weigh(const struct weir_sampler *sampler, __u64 total,
						__u64 more)
{
	__u64 since = total - sampler->told;
	__u64 most = ((1ull << weir_sampler_shift(sampler)) + more) << WEIR_SAMPLES_IN_ONE;

	return since < most ? since : most;
}

/* After each that was to be told of. `is_told`: there was room for it. */
static __always_inline void weir_sampler_next(struct weir_sampler *sampler, __u64 total,
					      int is_told, __u32 random, __u32 coarse)
{
	if (is_told)
		sampler->told = total;
	sampler->skew = random;
	if (++sampler->count > WEIR_SAMPLES_A_SECOND)
		weir_sampler_coarsen(sampler, coarse);
}

#endif
