/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Finds a source's state in its table, or makes it, and counts an event in it.
 *
 * What adds to a table is a global function: new sources are the exception, and the others keep
 * their registers. It holds the set's lock, so of two CPUs that meet the same new source at once
 * one makes its state and the other finds it.
 */
#ifndef WEIR_METER_H
#define WEIR_METER_H

#include "clock.h"
#include "lib/request.h"
#include "lib/facts.h"
#include "lib/sketch.h"
#include "lib/table.h"
#include "lib/window.h"
#include "maps.h"

static __always_inline void weir_mask(const struct weir_settings *set,
				      const struct weir_facts *facts, __be32 addr[4])
{
	if (facts->family) {
		addr[0] = facts->addr[0] & set->mask6[0];
		addr[1] = facts->addr[1] & set->mask6[1];
		addr[2] = facts->addr[2] & set->mask6[2];
		addr[3] = facts->addr[3] & set->mask6[3];
	} else {
		addr[0] = addr[1] = 0;
		addr[2] = bpf_htonl(0xffff);
		addr[3] = facts->addr[3] & set->mask4;
	}
}

static __always_inline __u64 weir_id_of(const struct weir_settings *set,
					const struct weir_facts *facts, __u64 salt)
{
	struct weir_key key;
	__be32 addr[4];

	weir_mask(set, facts, addr);
	key = weir_key_of(addr);
	return weir_source_id(weir_control.hash_seed, &key, salt);
}

static __always_inline struct weir_lock *weir_lock_of(__u64 id)
{
	__u32 index = weir_set_of(id, WEIR_LOCKS - 1);

	return bpf_map_lookup_elem(&locks, &index);
}

/* Counts a new source, and sketches when there are too many. */
static __always_inline void weir_count_new(struct weir_stats *stats, __u64 now_ms)
{
	__u64 tick = now_ms / WEIR_NEW_TICK_MS, from;

	if (stats->new_tick != tick) {
		stats->new_tick = tick;
		stats->new_count = 0;
	}
	if (++stats->new_count <= weir_new_budget)
		return;
	from = weir_later(now_ms, stats->sketch_until_ms);
	stats->sketch_ms += now_ms + WEIR_SKETCH_MS - from;
	stats->sketch_until_ms = now_ms + WEIR_SKETCH_MS;
}

static __always_inline struct weir_tags *weir_tags_of(__u32 set)
{
	__u32 index = set >> 1;

	return bpf_map_lookup_elem(&tags, &index);
}

/* Whether a source may be in `bursts`. No: it is not. */
static __always_inline int weir_may_be_known(__u64 id)
{
	__u32 set = weir_set_of(id, weir_burst_mask);
	const struct weir_tags *known = weir_tags_of(set);

	return !known || weir_has_tag((__u32)(WEIR_LOAD(&known->word) >> weir_tag_at(set, 0) * 8),
				      weir_tag_of(id));
}

/* The same of its log. */
static __always_inline int weir_may_have_slide(__u64 id)
{
	__u32 set = weir_set_of(id, weir_slide_mask);
	const struct weir_tags *known = bpf_map_lookup_elem(&slide_tags, &set);

	return !known || weir_has_tag(WEIR_LOAD(&known->word), weir_tag_of(id));
}

static __always_inline int weir_is_sketching(const struct weir_stats *stats, __u64 now_ms)
{
	return now_ms < stats->sketch_until_ms;
}

/*
 * While it is sketched: whether a source has no state for an event. Then it is noted, and that is
 * all. A global function, which the verifier checks once.
 */
__noinline int weir_is_stranger(__u64 id, __u32 is_sliding, struct weir_stats *stats)
{
	__u32 index = weir_note_index(id), page = index / WEIR_NOTE_WORDS;
	__u16 note = weir_note_of(id);
	struct weir_notes *mine;
	__u64 *word;

	if (!stats || weir_may_be_known(id) || (is_sliding && weir_may_have_slide(id)))
		return 0;
	mine = bpf_map_lookup_elem(&notes, &page);
	if (!mine)
		return 0;
	word = &mine->words[index & (WEIR_NOTE_WORDS - 1)];
	if (weir_has_note(*word, note))
		return 0;
	*word = weir_add_note(*word, note);
	weir_count_new(stats, weir_now_ms(stats));
	stats->sketched++;
	return 1;
}

/* Takes a way of its set for a new source. Returns which, or WEIR_BURST_WAYS. */
__noinline int weir_add_burst(__u64 id, const struct weir_facts *facts, struct weir_stats *stats)
{
	const struct weir_settings *settings = weir_active(&weir_control);
	__u32 index = weir_set_of(id, weir_burst_mask), way;
	struct weir_burst_set *set = bpf_map_lookup_elem(&bursts, &index);
	struct weir_lock *lock = weir_lock_of(id);
	struct weir_tags *known = weir_tags_of(index);
	__u64 former = 0, word = 0, now_ms;
	struct weir_address source;

	if (!facts || !stats || !set || !lock || !known)
		return WEIR_BURST_WAYS;
	weir_mask(settings, facts, source.addr);
	now_ms = weir_now_ms(stats);
	bpf_spin_lock(&lock->lock);
	way = weir_find_burst_way(set, id);
	if (way == WEIR_NO_WAY) {
		way = weir_burst_victim(set, now_ms) & (WEIR_BURST_WAYS - 1);
		former = set->ways[way].id;
		word = set->ways[way].burst.word;
		set->sources[way] = source;
		/* Who finds the id finds its count at zero. */
		WEIR_STORE(&set->ways[way].burst.word, 0);
		WEIR_PUBLISH(&set->ways[way].id, id);
		former = former ? former : id;
	}
	/* Alone in its byte, for the other set of the word has another lock. */
	WEIR_STORE((__u8 *)&known->word + weir_tag_at(index, way), weir_tag_of(id));
	bpf_spin_unlock(&lock->lock);
	if (former) {
		weir_count_new(stats, now_ms);
		stats->sources_added++;
		stats->sources_replaced += former != id;
		stats->sources_displaced += former != id && weir_weight(word, now_ms);
	}
	return way;
}

/* The word of a source's state, or 0 when it has none. */
static __always_inline __u64 weir_burst_word(__u64 id)
{
	__u32 index = weir_set_of(id, weir_burst_mask), way;
	struct weir_burst_set *set = bpf_map_lookup_elem(&bursts, &index);

	if (!set)
		return 0;
	way = weir_find_burst_way(set, id);
	return way == WEIR_NO_WAY ? 0 : WEIR_LOAD(&set->ways[way].burst.word);
}

static __always_inline struct weir_burst *weir_find_burst(__u64 id, const struct weir_facts *facts,
							  struct weir_stats *stats)
{
	__u32 index = weir_set_of(id, weir_burst_mask);
	struct weir_burst_set *set = bpf_map_lookup_elem(&bursts, &index);
	__u32 way;

	if (!set)
		return NULL;
	way = weir_find_burst_way(set, id);
	if (WEIR_UNLIKELY(way == WEIR_NO_WAY)) {
		way = weir_add_burst(id, facts, stats);
		if (way >= WEIR_BURST_WAYS) {
			stats->insert_failures++;
			return NULL;
		}
	}
	return &set->ways[weir_forget(stats, way) & (WEIR_BURST_WAYS - 1)].burst;
}

static __always_inline struct weir_slide *weir_slide_at(__u32 set, __u32 way)
{
	__u32 index = set * WEIR_ID_WAYS + way;

	return bpf_map_lookup_elem(&slides, &index);
}

static __always_inline struct weir_slide *weir_find_slide(__u64 id, struct weir_stats *stats)
{
	__u32 index = weir_set_of(id, weir_slide_mask), way;
	struct weir_id_set *set = bpf_map_lookup_elem(&slide_ids, &index);

	if (!set)
		return NULL;
	way = weir_find_id(set, id);
	return way == WEIR_NO_WAY ? NULL : weir_slide_at(index, weir_forget(stats, way));
}

/*
 * The way that a new log takes: a free one, or the lesser of two, which are others each time; to
 * look at all would touch eight cache lines.
 */
static __always_inline __u32 weir_slide_victim(const struct weir_id_set *set, __u32 index, __u64 id,
					       __u64 now_ms)
{
	__u32 way = weir_find_id(set, 0), other;
	struct weir_slide *a, *b;

	if (way != WEIR_NO_WAY)
		return way;
	way = (__u32)((id >> 40) + now_ms) & (WEIR_ID_WAYS - 1);
	other = (way + 1 + (__u32)((id >> 48) & 3)) & (WEIR_ID_WAYS - 1);
	a = weir_slide_at(index, way);
	b = weir_slide_at(index, other);
	return a && b && weir_loss(b->word, now_ms) < weir_loss(a->word, now_ms) ? other : way;
}

/*
 * Makes the log of a source that has had one event: `word` and `slot` as of weir_slide_first().
 * Returns whether there is one now.
 */
__noinline int weir_add_slide(__u64 id, __u64 word, __u32 slot, struct weir_stats *stats)
{
	__u32 index = weir_set_of(id, weir_slide_mask), way;
	struct weir_id_set *set = bpf_map_lookup_elem(&slide_ids, &index);
	struct weir_lock *lock = weir_lock_of(id);
	struct weir_slide *slide;
	struct weir_tags *known = bpf_map_lookup_elem(&slide_tags, &index);
	__u64 former = 0;

	if (!stats || !set || !lock || !known)
		return 0;
	way = weir_slide_victim(set, index, id, weir_now_ms(stats)) & (WEIR_ID_WAYS - 1);
	slide = weir_slide_at(index, way);
	if (!slide)
		return 0;
	bpf_spin_lock(&lock->lock);
	if (weir_find_id(set, id) == WEIR_NO_WAY) {
		former = set->ids[way] ? set->ids[way] : id;
		WEIR_STORE(&set->ids[way], 0);
		__builtin_memset(slide->slots, 0, sizeof(slide->slots));
		slide->slots[0] = slot;
		WEIR_STORE(&slide->word, word);
		WEIR_STORE((__u8 *)&known->word + way, weir_tag_of(id));
		WEIR_PUBLISH(&set->ids[way], id);
	}
	bpf_spin_unlock(&lock->lock);
	stats->slides_added += former != 0;
	stats->slides_replaced += former && former != id;
	return 1;
}

/*
 * Where a source's state for one event is: with a sliding window the log, once there is one. A
 * stranger has none, nor needs any: this is taken for its first event.
 */
struct weir_state {
	struct weir_burst *burst;
	struct weir_slide *slide;
	__u32 is_sliding; /* read once: the verifier does not trust a second look */
};

/* `may_be_forged`: it is sketched, and anybody could have sent this. Returns 0: no room. */
static __always_inline int weir_find_state(const struct weir_limit *limit, __u64 id,
					   const struct weir_facts *facts, int may_be_forged,
					   struct weir_stats *stats, struct weir_state *state)
{
	state->burst = NULL;
	state->slide = NULL;
	state->is_sliding = limit->window == WEIR_WINDOW_SLIDING;
	if (WEIR_UNLIKELY(may_be_forged) && weir_is_stranger(id, state->is_sliding, stats))
		return 1;
	if (state->is_sliding)
		state->slide = weir_find_slide(id, stats);
	if (state->slide)
		return 1;
	state->burst = weir_find_burst(id, facts, stats);
	return state->burst != NULL;
}

static __always_inline int weir_is_held(const struct weir_state *state)
{
	if (state->slide)
		return WEIR_LOAD(&state->slide->word) & WEIR_WORD_HELD;
	return state->burst && WEIR_LOAD(&state->burst->word) & WEIR_WORD_HELD;
}

/* Marks a source that a segment of was held off; `word` is what its state was just now. */
static __always_inline void weir_set_held(const struct weir_state *state, __u64 word)
{
	if (word & WEIR_WORD_HELD)
		return;
	if (state->slide)
		WEIR_OR(&state->slide->word, WEIR_WORD_HELD);
	else if (state->burst)
		WEIR_OR(&state->burst->word, WEIR_WORD_HELD);
}

/*
 * weir_meter_slide() as a global function: inlined, its loop would multiply with all that comes
 * before and after. What it finds out fits a word: level, held, count and serial.
 */
__noinline __u64 weir_meter_log(struct weir_slide *slide, const struct weir_limit *limit,
				__u64 now_ms)
{
	struct weir_metered metered;

	if (!slide || !limit)
		return WEIR_LEVEL_PASS;
	metered = weir_meter_slide(slide, limit, now_ms);
	return metered.level | (metered.word & WEIR_WORD_HELD) << 3 | (__u64)metered.count << 8 |
	       (__u64)metered.serial << 32;
}

/*
 * Counts events that came at once, 1 to WEIR_PIPELINE_MAX; the last is judged. May make the
 * source's log, and then changes `state`.
 */
static __always_inline struct weir_metered weir_meter(const struct weir_limit *limit, __u64 id,
						      __u64 now_ms, __u32 events,
						      struct weir_stats *stats,
						      struct weir_state *state)
{
	__u64 word, before = 0;
	__u32 slot;

	if (WEIR_UNLIKELY(!state->burst && !state->slide))
		return weir_metered_burst(limit, weir_word_pack(now_ms, events, 0, 0));
	if (!state->is_sliding)
		return weir_meter_burst(state->burst, limit, now_ms, events);
	if (WEIR_UNLIKELY(!state->slide)) {
		word = weir_burst_add(state->burst, now_ms, limit->timeout_ms, 1, &before);
		if (weir_word_count(word) <= 1) {
			if (events <= 1)
				return weir_metered_burst(limit, word);
			before = word;
			events--;
		}
		word = weir_slide_first(limit, before, &slot);
		if (weir_add_slide(id, word, slot, stats))
			state->slide = weir_find_slide(id, stats);
		if (!state->slide) {
			stats->insert_failures++;
			return (struct weir_metered){.level = WEIR_LEVEL_PASS, .count = 1};
		}
	}
	word = weir_meter_log(state->slide, limit, now_ms);
	for (__u32 i = 1; i < WEIR_PIPELINE_MAX && i < events; i++)
		word = weir_meter_log(state->slide, limit, now_ms);
	return (struct weir_metered){
	    .level = word & 7,
	    .count = (__u32)word >> 8,
	    .serial = (__u32)(word >> 32),
	    .word = word >> 3 & WEIR_WORD_HELD,
	};
}

#endif
