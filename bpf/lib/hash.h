/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The one hash of the data path. Keyed: nobody outside knows what falls together with what. */
#ifndef WEIR_HASH_H
#define WEIR_HASH_H

#include "platform.h"

/* One round of multiply-and-fold; for a given `hash` no two values have the same result. */
static __always_inline __u64 weir_mix(__u64 hash, __u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull; /* 2^64 / golden ratio */
	return hash ^ hash >> 32;
}

#endif
