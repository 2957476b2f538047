/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* How long answers take, as a histogram: eight buckets for each power of two. Pure. */
#ifndef WEIR_RESPONSE_H
#define WEIR_RESPONSE_H

#include "platform.h"
#include "weir/abi.h"

/* The first bucket is for all below 2^6 microseconds. */
#define WEIR_RESPONSE_LOW 6
#define WEIR_RESPONSE_SUB 3 /* 2^3 buckets each time it doubles */

/* The bucket of so many microseconds; what is longer than a minute is in the last. */
static __always_inline __u32 weir_response_bucket(__u64 us)
{
	__u32 power = WEIR_RESPONSE_LOW, bucket;

	if (us < 1u << WEIR_RESPONSE_LOW)
		return 0;
	if (us >> (WEIR_RESPONSE_LOW + WEIR_RESPONSE_POWERS))
		return WEIR_RESPONSE_BUCKETS - 1;
	if (us >> (power + 16))
		power += 16;
	if (us >> (power + 8))
		power += 8;
	if (us >> (power + 4))
		power += 4;
	if (us >> (power + 2))
		power += 2;
	if (us >> (power + 1))
		power += 1;
	bucket = 1 + ((power - WEIR_RESPONSE_LOW) << WEIR_RESPONSE_SUB);
	return bucket +
	       (__u32)((us >> (power - WEIR_RESPONSE_SUB)) & ((1 << WEIR_RESPONSE_SUB) - 1));
}

/* The least number of microseconds in a bucket. */
static __always_inline __u64 weir_response_bound(__u32 bucket)
{
	__u32 power;

	if (!bucket)
		return 0;
	power = WEIR_RESPONSE_LOW + ((bucket - 1) >> WEIR_RESPONSE_SUB);
	return (__u64)((1u << WEIR_RESPONSE_SUB) + ((bucket - 1) & ((1 << WEIR_RESPONSE_SUB) - 1)))
	       << (power - WEIR_RESPONSE_SUB);
}

/* The class of an answer by its first bytes (RFC 9112, 4): 1 to 5; 0: it is no status line. */
static __always_inline __u32 weir_status_class(const char *head)
{
	__u32 digit = (__u8)(head[9] - '0');

	if (head[0] != 'H' || head[1] != 'T' || head[2] != 'T' || head[3] != 'P' ||
	    head[4] != '/' || head[8] != ' ' || digit > 5)
		return 0;
	return digit;
}

#endif
