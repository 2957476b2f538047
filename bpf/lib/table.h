/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Tables made of sets: which id a source has, which set that is in, and which way of a full set
 * is given up. Pure but for the sets passed in.
 */
#ifndef WEIR_TABLE_H
#define WEIR_TABLE_H

#include "hash.h"
#include "window.h"

#define WEIR_NO_WAY (~0u)

/* A source, masked to its prefix: the two halves of its address. */
struct weir_key {
	__u64 high;
	__u64 low;
};

static __always_inline struct weir_key weir_key_of(const __be32 addr[4])
{
	return (struct weir_key){
	    .high = (__u64)addr[0] << 32 | addr[1],
	    .low = (__u64)addr[2] << 32 | addr[3],
	};
}

/* What sets the state for one event of one service apart from others of its source and its ban. */
static __always_inline __u64 weir_event_salt(__u32 service, __u32 event)
{
	return (__u64)(service << 8 | event) << 32;
}

/* The same for a rule for paths; `rule`: index + 1. No service has such a number. */
static __always_inline __u64 weir_rule_salt(__u32 rule)
{
	return weir_event_salt(WEIR_SERVICE_MAX + rule, 0);
}

/*
 * The id of a source: of its ban (salt 0), or of its state for an event. Never 0 or WEIR_ID_FREED.
 * The salt falls on bits that are the same for all IPv4 sources, and for all IPv6 ones up to /64.
 */
static __always_inline __u64 weir_source_id(__u64 seed, const struct weir_key *key, __u64 salt)
{
	__u64 id = weir_mix(weir_mix(seed, key->high), key->low ^ salt);

	return id > WEIR_ID_FREED ? id : id + WEIR_ID_FREED + 1;
}

/* The set of an id in a table of mask + 1 sets. */
static __always_inline __u32 weir_set_of(__u64 id, __u32 mask)
{
	return (__u32)id & mask;
}

/* The way of an id, or WEIR_NO_WAY. */
static __always_inline __u32 weir_find_id(const struct weir_id_set *set, __u64 id)
{
	for (__u32 way = 0; way < WEIR_ID_WAYS; way++)
		if (WEIR_LOAD(&set->ids[way]) == id)
			return way;
	return WEIR_NO_WAY;
}

static __always_inline __u32 weir_find_burst_way(const struct weir_burst_set *set, __u64 id)
{
	for (__u32 way = 0; way < WEIR_BURST_WAYS; way++)
		if (WEIR_LOAD(&set->ways[way].id) == id)
			return way;
	return WEIR_NO_WAY;
}

static __always_inline __u32 weir_find_ban_way(const struct weir_ban_set *set, __u64 id)
{
	for (__u32 way = 0; way < WEIR_BAN_WAYS; way++)
		if (WEIR_LOAD(&set->ways[way].id) == id)
			return way;
	return WEIR_NO_WAY;
}

/* Whether a search may go on in the next set: this one is full, or was once. */
static __always_inline int weir_was_full(const struct weir_ban_set *set)
{
	return WEIR_LOAD(&set->ways[WEIR_BAN_WAYS - 1].id) != 0;
}

static __always_inline __u64 weir_ban_until(__u64 until_ms, __u32 flags)
{
	if (until_ms > WEIR_BAN_UNTIL_MAX)
		until_ms = WEIR_BAN_UNTIL_MAX;
	return until_ms << 1 | (flags & WEIR_BAN_ALL);
}

/* Whether a ban holds now, for a packet to a protected port (`is_ours`) or any other. */
static __always_inline int weir_is_banned(__u64 until, int is_ours, __u64 now_ms)
{
	return (is_ours || until & WEIR_BAN_ALL) && now_ms < until >> 1;
}

/*
 * What is lost when a count is forgotten: the count itself, halved with every so many seconds of
 * silence. A flood of new sources thus pushes out its own, and last those who are close to a
 * limit. Above the weight comes the time, so that of equals the oldest goes.
 */
#define WEIR_WEIGHT_SHIFT 12 /* 4.1 s */

static __always_inline __u64 weir_weight(__u64 word, __u64 now_ms)
{
	__u64 age = weir_later(now_ms, weir_word_last_ms(word)) - weir_word_last_ms(word);

	age >>= WEIR_WEIGHT_SHIFT;
	return age > 31 ? 0 : weir_word_count(word) >> age;
}

/* Orders words by what is lost with them. */
static __always_inline __u64 weir_loss(__u64 word, __u64 now_ms)
{
	return weir_weight(word, now_ms) << 38 | weir_word_last_ms(word);
}

/* Whether the word of a source's validation, or 0, is of not long ago. */
static __always_inline int weir_validated_word(__u64 word, __u64 now_ms)
{
	return weir_word_count(word) >= WEIR_VALIDATED_COUNT &&
	       weir_later(now_ms, weir_word_last_ms(word)) - weir_word_last_ms(word) <
		   WEIR_VALIDATED_MS;
}

/* The way that a new source takes. */
static __always_inline __u32 weir_burst_victim(const struct weir_burst_set *set, __u64 now_ms)
{
	__u64 least = ~0ull;
	__u32 victim = 0;

	for (__u32 way = 0; way < WEIR_BURST_WAYS; way++) {
		__u64 loss = set->ways[way].id ? weir_loss(set->ways[way].burst.word, now_ms) : 0;

		if (loss < least) {
			least = loss;
			victim = way;
		}
	}
	return victim;
}

#endif
