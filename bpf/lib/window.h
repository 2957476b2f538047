/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The two windows, burst and sliding: what number an event has in its window, counted so
 * that CPUs working on one source never admit more than its limit. Pure but for the words
 * passed in; `now` is an argument.
 *
 * Both windows keep one 64-bit word, changed by compare-and-swap only:
 *
 *     63          26 25        6 5     1    0
 *    |  last_ms:38  | count:20  | run:5 | held |
 *
 * last_ms  the newest event, boot clock (38 bits last for 8.7 years of uptime)
 * count    events of this run: since the last gap of a whole timeout
 * run      sliding only: which run, so that the log's older entries are known as such
 * held     a segment of this source was held off; see held.h
 */
#ifndef WEIR_WINDOW_H
#define WEIR_WINDOW_H

#include "platform.h"

#define WEIR_WORD_HELD	     1ull
#define WEIR_WORD_COUNT_MAX  ((1u << 20) - 1)
#define WEIR_WORD_COUNT_FOLD (1u << 19)
WEIR_STATIC_ASSERT(WEIR_TO_MUCH_MAX < WEIR_WORD_COUNT_FOLD,
		   "a folded count stays over every limit");

/* Two CPUs never lose this often in a row; hundreds may, and are then turned away, counted. */
#define WEIR_CAS_TRIES 8

enum weir_level {
	WEIR_LEVEL_PASS,
	WEIR_LEVEL_THROTTLE,
	WEIR_LEVEL_KICK,
	WEIR_LEVEL_CONTENDED, /* could not be counted, so it is not let in */
};

struct weir_metered {
	__u32 level;  /* enum weir_level */
	__u32 count;  /* number in the window; sliding: a lower bound */
	__u32 serial; /* number in the run; 0: one of a flood, not counted */
	__u64 word;   /* the word as it was left */
};

static __always_inline __u64 weir_word_last_ms(__u64 word)
{
	return word >> 26;
}

static __always_inline __u32 weir_word_count(__u64 word)
{
	return (__u32)(word >> 6) & WEIR_WORD_COUNT_MAX;
}

static __always_inline __u32 weir_word_run(__u64 word)
{
	return (__u32)(word >> 1) & 31;
}

static __always_inline __u64 weir_word_pack(__u64 last_ms, __u32 count, __u32 run, __u64 held)
{
	return last_ms << 26 | (__u64)count << 6 | (__u64)run << 1 | held;
}

/* CPUs read their clocks apart: an event may come from before the newest. It is as new. */
static __always_inline __u64 weir_later(__u64 now_ms, __u64 last_ms)
{
	return now_ms > last_ms ? now_ms : last_ms;
}

/* Which stage of the ladder the n-th event reaches. startThrottle >= toMuch: no delay stage. */
static __always_inline __u32 weir_ladder(const struct weir_limit *limit, __u32 n)
{
	if (n > limit->to_much)
		return WEIR_LEVEL_KICK;
	return n > limit->start_throttle ? WEIR_LEVEL_THROTTLE : WEIR_LEVEL_PASS;
}

/* ---- burst: events in a row whose gaps are all shorter than the timeout (SEEDS.md) -------- */

/* The word after so many more events at once, 1 to 8. */
static __always_inline __u64 weir_burst_next(__u64 word, __u64 now_ms, __u32 timeout_ms,
					     __u32 events)
{
	__u64 now = weir_later(now_ms, weir_word_last_ms(word));
	__u32 count = weir_word_count(word);

	if (now - weir_word_last_ms(word) >= timeout_ms)
		count = events;
	else if (count <= WEIR_WORD_COUNT_MAX - events)
		count += events;
	return weir_word_pack(now, count, 0, word & WEIR_WORD_HELD);
}

/*
 * Counts events in a word. Returns the word as it was left, or 0 when other CPUs were always
 * faster; `before` is what it was.
 */
static __always_inline __u64 weir_burst_add(struct weir_burst *burst, __u64 now_ms,
					    __u32 timeout_ms, __u32 events, __u64 *before)
{
	__u64 seen = WEIR_LOAD(&burst->word);

	for (int i = 0; i < WEIR_CAS_TRIES; i++) {
		__u64 next = weir_burst_next(seen, now_ms, timeout_ms, events);

		*before = WEIR_CAS(&burst->word, seen, next);
		if (*before == seen)
			return next;
		seen = *before;
	}
	return 0;
}

static __always_inline struct weir_metered weir_metered_burst(const struct weir_limit *limit,
							      __u64 word)
{
	__u32 count = weir_word_count(word);

	return (struct weir_metered){
	    .level = word ? weir_ladder(limit, count) : (__u32)WEIR_LEVEL_CONTENDED,
	    .count = count,
	    .serial = count,
	    .word = word,
	};
}

static __always_inline struct weir_metered weir_meter_burst(struct weir_burst *burst,
							    const struct weir_limit *limit,
							    __u64 now_ms, __u32 events)
{
	__u64 word = WEIR_LOAD(&burst->word), before;

	/*
	 * A flood: one more in the same millisecond changes nothing, and would cost a locked cycle.
	 * All others are counted.
	 */
	if (weir_word_last_ms(word) != now_ms || weir_word_count(word) <= limit->to_much)
		word = weir_burst_add(burst, now_ms, limit->timeout_ms, events, &before);
	return weir_metered_burst(limit, word);
}

/* ---- sliding: events within the last timeout ------------------------------------------------
 *
 * The events of a run are numbered 0, 1, 2 … by the compare-and-swap, so each has one owner,
 * which writes its time into the log. Event i is over a limit of L when event i - L is still
 * within the timeout. An entry of the log is tagged with its run and its lap round the log:
 *
 *     31    27 26   24 23           0
 *    |  run:5 | lap:3 | time in ticks |
 *
 * A tag that does not fit means that the owner has not written yet. Then the event is a few
 * nanoseconds old: it counts.
 *
 * Limits above WEIR_SLIDE_SLOTS log only one of 2^stride_shift events. A throttle asks the
 * logged event before i - startThrottle, a kick the logged one after i - toMuch: in doubt a
 * polite source passes, and in doubt nobody gets more than toMuch.
 */

#define WEIR_SLIDE_TIME_MASK  ((1u << 24) - 1)
#define WEIR_STRIDE_SHIFT_MAX 10
WEIR_STATIC_ASSERT(WEIR_SLIDE_SLOTS << WEIR_STRIDE_SHIFT_MAX > WEIR_TO_MUCH_MAX,
		   "the largest limit fits the log");

static __always_inline __u32 weir_slide_tag(__u32 run, __u32 entry)
{
	return (run << 3 | (entry / WEIR_SLIDE_SLOTS & 7)) << 24;
}

/* Derives how a sliding limit's log is kept: strides so that toMuch events fit, ticks so that
 * the time of the oldest event that is asked for has not wrapped. */
static inline void weir_limit_seal(struct weir_limit *limit)
{
	__u64 reach;

	limit->stride_shift = 0;
	limit->tick_shift = 0;
	while (limit->stride_shift < WEIR_STRIDE_SHIFT_MAX &&
	       ((__u32)WEIR_SLIDE_SLOTS << limit->stride_shift) < limit->to_much)
		limit->stride_shift++;
	/* In a run every gap is shorter than the timeout, so event i - L is at most this old. */
	reach = (__u64)limit->to_much + 1 + (1u << limit->stride_shift);
	while (limit->tick_shift < 31 &&
	       ((limit->timeout_ms >> limit->tick_shift) + 1) * reach >= WEIR_SLIDE_TIME_MASK / 2)
		limit->tick_shift++;
}

/*
 * The timeout in ticks. Both ends of an age are cut to ticks, so it is known to one tick only:
 * `doubt` adds what may be missing, so that no event leaves the window early.
 */
static __always_inline __u32 weir_slide_ticks(const struct weir_limit *limit, int doubt)
{
	__u32 shift = limit->tick_shift & 31;

	return shift && doubt ? ((limit->timeout_ms - 1) >> shift) + 2 : limit->timeout_ms >> shift;
}

/* Whether a logged event (entry: its number >> stride_shift) of this run is in the window. */
static __always_inline int weir_slide_within(const struct weir_slide *slide,
					     const struct weir_limit *limit, __u32 run, __u32 entry,
					     __u64 now_ms, __u32 ticks)
{
	__u32 slot = WEIR_LOAD(&slide->slots[entry % WEIR_SLIDE_SLOTS]);
	__u32 now = (__u32)(now_ms >> (limit->tick_shift & 31));

	if ((slot & ~WEIR_SLIDE_TIME_MASK) != weir_slide_tag(run, entry))
		return 1;
	return ((now - slot) & WEIR_SLIDE_TIME_MASK) < ticks;
}

static __always_inline __u64 weir_slide_next(__u64 word, const struct weir_limit *limit,
					     __u64 now_ms)
{
	__u64 now = weir_later(now_ms, weir_word_last_ms(word));
	__u32 count = weir_word_count(word), run = weir_word_run(word);

	if (!count || now - weir_word_last_ms(word) >= limit->timeout_ms ||
	    run >> 3 != (limit->epoch & 3u)) {
		count = 1;
		/* 1 to 7: a slot that was never written is all zero, and must fit no run. */
		run = (limit->epoch & 3u) << 3 | (run % 8 % 7 + 1);
	} else if (++count > WEIR_WORD_COUNT_MAX) {
		count -= WEIR_WORD_COUNT_FOLD; /* whole laps of the log, whatever the stride */
	}
	return weir_word_pack(now, count, run, word & WEIR_WORD_HELD);
}

static __always_inline __u32 weir_slide_time(const struct weir_limit *limit, __u64 now_ms)
{
	return (__u32)(now_ms >> (limit->tick_shift & 31)) & WEIR_SLIDE_TIME_MASK;
}

/*
 * A log with one event in it, which `word` of `bursts` holds: returns the log's word, and what is
 * in its first slot.
 */
static __always_inline __u64 weir_slide_first(const struct weir_limit *limit, __u64 word,
					      __u32 *slot)
{
	__u32 run = (limit->epoch & 3u) << 3 | 1;

	*slot = weir_slide_tag(run, 0) | weir_slide_time(limit, weir_word_last_ms(word));
	return weir_word_pack(weir_word_last_ms(word), 1, run, word & WEIR_WORD_HELD);
}

static __always_inline __u32 weir_slide_level(const struct weir_slide *slide,
					      const struct weir_limit *limit, __u64 word,
					      __u64 now_ms)
{
	__u32 i = weir_word_count(word) - 1, run = weir_word_run(word);
	__u32 shift = limit->stride_shift & 31, round = (1u << shift) - 1;
	__u32 entry;

	if (i >= limit->to_much &&
	    weir_slide_within(slide, limit, run, (i - limit->to_much + round) >> shift, now_ms,
			      weir_slide_ticks(limit, 1)))
		return WEIR_LEVEL_KICK;
	if (limit->start_throttle >= limit->to_much || i < limit->start_throttle)
		return WEIR_LEVEL_PASS;
	entry = (i - limit->start_throttle) >> shift;
	/* With strides, the log may have gone round since: then in doubt it passes. */
	if (shift && (i >> shift) - entry >= WEIR_SLIDE_SLOTS)
		return WEIR_LEVEL_PASS;
	return weir_slide_within(slide, limit, run, entry, now_ms, weir_slide_ticks(limit, 0))
		   ? WEIR_LEVEL_THROTTLE
		   : WEIR_LEVEL_PASS;
}

/*
 * A flood: when the newest toMuch events are all of this millisecond, one more changes no later
 * decision, and would cost a locked cycle.
 */
static __always_inline int weir_slide_is_full(const struct weir_slide *slide,
					      const struct weir_limit *limit, __u64 word,
					      __u64 now_ms)
{
	__u32 shift = limit->stride_shift & 31, run = weir_word_run(word), i, entry;

	if (weir_word_last_ms(word) != now_ms || weir_word_count(word) <= limit->to_much ||
	    run >> 3 != (limit->epoch & 3u))
		return 0;
	if (!limit->to_much)
		return 1;
	i = weir_word_count(word) - limit->to_much;
	entry = i >> shift;
	return WEIR_LOAD(&slide->slots[entry % WEIR_SLIDE_SLOTS]) ==
	       (weir_slide_tag(run, entry) | weir_slide_time(limit, now_ms));
}

static __always_inline struct weir_metered
weir_meter_slide(struct weir_slide *slide, const struct weir_limit *limit, __u64 now_ms)
{
	struct weir_metered metered = {
	    .level = WEIR_LEVEL_CONTENDED, .count = 0, .serial = 0, .word = 0};
	__u64 seen = WEIR_LOAD(&slide->word), next, before;
	__u32 i, entry, shift = limit->stride_shift & 31;
	int claimed = 0;

	if (weir_slide_is_full(slide, limit, seen, now_ms)) {
		metered.level = WEIR_LEVEL_KICK;
		metered.count = limit->to_much + 1;
		metered.word = seen;
		return metered;
	}
	for (int tries = 0; tries < WEIR_CAS_TRIES; tries++) {
		next = weir_slide_next(seen, limit, now_ms);
		before = WEIR_CAS(&slide->word, seen, next);
		if (before == seen) {
			claimed = 1;
			break;
		}
		seen = before;
	}
	if (!claimed)
		return metered;

	now_ms = weir_word_last_ms(next);
	metered.level = weir_slide_level(slide, limit, next, now_ms);
	metered.serial = weir_word_count(next);
	metered.count = metered.level == WEIR_LEVEL_KICK       ? limit->to_much + 1
			: metered.level == WEIR_LEVEL_THROTTLE ? limit->start_throttle + 1
							       : metered.serial;
	metered.word = next;
	/* After the reading: with toMuch = WEIR_SLIDE_SLOTS the entry asked for is this one. */
	i = metered.serial - 1;
	entry = i >> shift;
	if (entry << shift == i)
		WEIR_STORE(&slide->slots[entry % WEIR_SLIDE_SLOTS],
			   weir_slide_tag(weir_word_run(next), entry) |
			       weir_slide_time(limit, now_ms));
	return metered;
}

/* ---- for people: how many events are in the window now --------------------------------------- */

static inline __u32 weir_burst_count(const struct weir_burst *burst, const struct weir_limit *limit,
				     __u64 now_ms)
{
	__u64 word = WEIR_LOAD(&burst->word);
	__u64 now = weir_later(now_ms, weir_word_last_ms(word));

	return now - weir_word_last_ms(word) >= limit->timeout_ms ? 0 : weir_word_count(word);
}

/* Exact for limits up to WEIR_SLIDE_SLOTS, to a stride above; what the log no longer holds is
 * not counted, so at most WEIR_SLIDE_SLOTS strides. */
static inline __u32 weir_slide_count(const struct weir_slide *slide, const struct weir_limit *limit,
				     __u64 now_ms)
{
	__u64 word = WEIR_LOAD(&slide->word);
	__u64 now = weir_later(now_ms, weir_word_last_ms(word));
	__u32 count = weir_word_count(word), run = weir_word_run(word), n = 0;

	if (!count || now - weir_word_last_ms(word) >= limit->timeout_ms ||
	    run >> 3 != (limit->epoch & 3u))
		return 0;
	for (__u32 back = 0; back < WEIR_SLIDE_SLOTS; back++) {
		__u32 newest = (count - 1) >> limit->stride_shift;

		if (back > newest || !weir_slide_within(slide, limit, run, newest - back, now,
							weir_slide_ticks(limit, 1)))
			break;
		n += back ? 1u << limit->stride_shift
			  : ((count - 1) & ((1u << limit->stride_shift) - 1)) + 1;
	}
	return n;
}

#endif
