/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Segments that were held off, so that TCP's sending them again is recognised: a throttled one
 * passes when its delay is over, a kicked request stays kicked, and neither is a second event.
 * A set-associative memory of words; pure but for the set passed in.
 *
 *     63    34 33   32 31            0
 *    | tag:30 | kind:2 | since in ms   |
 */
#ifndef WEIR_HELD_H
#define WEIR_HELD_H

#include "hash.h"

enum weir_held_kind {
	WEIR_HELD_NONE,
	WEIR_HELD_THROTTLED,
	WEIR_HELD_KICKED,
};

/* A source that comes back to the very same segment after this long is a new event. */
#define WEIR_HELD_MS_MAX (10u * 60 * 1000)

/* Names a segment: who sent it, from and to which port, and its sequence number. */
static __always_inline __u64 weir_segment_hash(__u64 seed, const __be32 addr[4], __u16 source_port,
					       __u16 port, __u32 seq)
{
	__u64 hash = weir_mix(seed, (__u64)addr[0] << 32 | addr[1]);

	hash = weir_mix(hash, (__u64)addr[2] << 32 | addr[3]);
	return weir_mix(hash, (__u64)seq << 32 | (__u32)source_port << 16 | port);
}

static __always_inline __u32 weir_held_index(__u64 hash)
{
	return (__u32)hash & (WEIR_HELD_SETS - 1);
}

static __always_inline __u32 weir_held_tag(__u64 hash)
{
	return (__u32)(hash >> 34);
}

static __always_inline __u32 weir_held_word_kind(__u64 word)
{
	return (__u32)(word >> 32) & 3;
}

/* The word of a segment, or 0. `now_ms` may lag behind the clock that words are stamped with. */
static __always_inline __u64 weir_held_find(const struct weir_held_set *set, __u64 hash,
					    __u32 now_ms)
{
	for (int i = 0; i < WEIR_HELD_WAYS; i++) {
		__u64 word = WEIR_LOAD(&set->words[i]);

		if (word >> 34 == weir_held_tag(hash) && weir_held_word_kind(word) &&
		    (__s32)(now_ms - (__u32)word) <= (__s32)WEIR_HELD_MS_MAX)
			return word;
	}
	return 0;
}

/*
 * Forgets a segment that is let through. It passes once: a copy of it is a new event, or a client
 * that waited for one could send as many as it likes. Returns 0 to all CPUs but one.
 */
static __always_inline int weir_held_release(struct weir_held_set *set, __u64 word)
{
	int released = 0;

	for (int i = 0; i < WEIR_HELD_WAYS; i++)
		if (WEIR_LOAD(&set->words[i]) == word)
			released |= WEIR_CAS(&set->words[i], word, 0) == word;
	return released;
}

/* Remembers a segment, in the place of the one that was held off first. */
static __always_inline void weir_held_put(struct weir_held_set *set, __u64 hash, __u32 kind,
					  __u32 now_ms)
{
	__u32 oldest = 0, oldest_age = 0;

	for (__u32 i = 0; i < WEIR_HELD_WAYS; i++) {
		__u64 word = WEIR_LOAD(&set->words[i]);
		__u32 age = weir_held_word_kind(word) ? now_ms - (__u32)word : ~0u;

		if (age > oldest_age) {
			oldest_age = age;
			oldest = i;
		}
	}
	WEIR_STORE(&set->words[oldest & (WEIR_HELD_WAYS - 1)],
		   (__u64)weir_held_tag(hash) << 34 | (__u64)kind << 32 | now_ms);
}

/* Whether a throttled segment's delay is over: a whole millisecond more, since both ends are cut.
 */
static __always_inline int weir_held_is_over(__u64 word, __u32 now_ms, __u32 delay_ms)
{
	return now_ms - (__u32)word > delay_ms;
}

#endif
