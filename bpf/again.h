/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Segments that were held off, and come again. */
#ifndef WEIR_AGAIN_H
#define WEIR_AGAIN_H

#include "clock.h"
#include "lib/facts.h"
#include "lib/held.h"
#include "maps.h"

/*
 * The memory of segments held off. Both are global functions, which the verifier checks once
 * for all callers: their loops, inlined, would multiply every path that leads here.
 */

/* Remembers a segment by its hash. */
__noinline int weir_hold(__u64 hash, __u32 kind)
{
	__u32 index = weir_held_index(hash);
	struct weir_held_set *set = bpf_map_lookup_elem(&held, &index);

	if (set)
		weir_held_put(set, hash, kind, (__u32)weir_precise_ms());
	return 0;
}

/*
 * What becomes of a segment that was held off before and comes again; WEIR_REASON_COUNT when
 * it is not known. Asked before the event is counted, for it is not a new one.
 */
__noinline int weir_judge_again(__u64 hash, __u32 now_ms, __u32 delay_ms)
{
	__u32 index = weir_held_index(hash);
	struct weir_held_set *set = bpf_map_lookup_elem(&held, &index);
	__u64 word = set ? weir_held_find(set, hash, now_ms) : 0;

	if (!word)
		return WEIR_REASON_COUNT;
	if (weir_held_word_kind(word) == WEIR_HELD_KICKED)
		return WEIR_REASON_KICKED_AGAIN;
	/* The first copy behind the delay passes; another that comes at the same time waits. */
	if (set && weir_held_is_over(word, (__u32)weir_precise_ms(), delay_ms) &&
	    weir_held_release(set, word))
		return WEIR_REASON_RELEASED;
	return WEIR_REASON_HELD;
}

static __always_inline __u64 weir_hash_of(const struct weir_control *control,
					  const struct weir_facts *facts)
{
	return weir_segment_hash(control->hash_seed, facts->addr, facts->source_port, facts->port,
				 facts->seq);
}

#endif
