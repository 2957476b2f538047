/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Connections that were proved, so that the host need not be asked for each of their requests.
 * Whoever forges segments can try all ports and meet a connection, but has to guess its sequence
 * number too. Pure but for the set passed in.
 *
 *     63     48 47     32 31          0
 *    | hash:16 | time:16 | sequence:32 |   in the set by 15 other bits of the hash
 */
#ifndef WEIR_PROOF_H
#define WEIR_PROOF_H

#include "platform.h"

/* A segment comes so close to where it is expected; more than a request is long. In bytes. */
#define WEIR_SEQ_REACH 65536

static __always_inline int weir_is_near(__u32 seq, __u32 expected)
{
	return seq - expected + WEIR_SEQ_REACH < 2 * WEIR_SEQ_REACH;
}

static __always_inline __u32 weir_proof_index(__u64 hash)
{
	return (__u32)hash & (WEIR_PROOF_SETS - 1);
}

static __always_inline __u16 weir_proof_time(__u64 now_ms)
{
	return (__u16)(now_ms / WEIR_PROOF_TICK_MS);
}

/* In ticks; the clock goes round after 4.5 hours. */
static __always_inline __u16 weir_proof_age(__u64 word, __u64 now_ms)
{
	return (__u16)(weir_proof_time(now_ms) - (__u16)(word >> 32));
}

/*
 * Whether a connection was proved not long ago and a segment of it comes behind the newest, or is
 * that sent again. Then it is the newest.
 */
static __always_inline int weir_proof_find(struct weir_proof_set *set, __u64 hash, __u32 seq,
					   __u64 now_ms)
{
	for (int way = 0; way < WEIR_PROOF_WAYS; way++) {
		__u64 word = WEIR_LOAD(&set->words[way]);

		if (word >> 48 != hash >> 48)
			continue;
		if (weir_proof_age(word, now_ms) >= WEIR_PROOF_TICKS ||
		    seq - (__u32)word >= WEIR_SEQ_REACH)
			return 0;
		WEIR_STORE(&set->words[way], word >> 32 << 32 | seq);
		return 1;
	}
	return 0;
}

/* Remembers a connection: in its own place again, or in that of the one proved first. */
static __always_inline void weir_proof_put(struct weir_proof_set *set, __u64 hash, __u32 seq,
					   __u64 now_ms)
{
	__u32 place = 0, oldest = 0;

	for (__u32 way = 0; way < WEIR_PROOF_WAYS; way++) {
		__u64 word = WEIR_LOAD(&set->words[way]);
		/* Its own is older than any age, and a free one than any other connection's. */
		__u32 age = word >> 48 == hash >> 48 ? 1u << 18
			    : !word		     ? 1u << 17
						     : 1u + weir_proof_age(word, now_ms);

		if (age > oldest) {
			oldest = age;
			place = way;
		}
	}
	WEIR_STORE(&set->words[place & (WEIR_PROOF_WAYS - 1)],
		   hash >> 48 << 48 | (__u64)weir_proof_time(now_ms) << 32 | seq);
}

#endif
