/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Tells user space who sends how much, and whose events are hindered how often, while WEIR_SAMPLING
 * is set. A table that every packet writes to would cost more than all else that is done to bulk
 * data; so a few hundred packets a second and CPU are told of. Advisory.
 */
#ifndef WEIR_SAMPLES_H
#define WEIR_SAMPLES_H

#include <bpf/bpf_helpers.h>

#include "clock.h"
#include "connection.h"
#include "lib/sample.h"

/* Whether a packet of so many bytes is to be told of; `stats` have not counted them yet. */
static __always_inline int weir_is_byte_sampled(const struct weir_stats *stats, __u32 length)
{
	return weir_is_sampled(&stats->by_bytes, stats->bytes, length);
}

/* Whether a sampler is to look at the time, which is as this CPU knows it, or has not begun. */
static __always_inline int weir_is_new_second(const struct weir_stats *stats,
					      const struct weir_sampler *sampler)
{
	return sampler->shift == WEIR_SAMPLER_OFF ||
	       stats->clock_ms >> WEIR_SAMPLE_SECOND != sampler->second;
}

/* Paces, and where the packet is to be told of tells of it. `more`: what it makes of `total`. */
static __always_inline void weir_sample(const struct weir_facts *facts, struct weir_stats *stats,
					struct weir_sampler *sampler, __u64 total, __u32 more,
					__u32 coarse, const struct weir_sample *like)
{
	const struct weir_settings *set = weir_active(&weir_control);
	int is_sampled = weir_is_sampled(sampler, total - more, more);
	struct weir_sample *sample;
	__u64 now_ms, amount;

	if (!(WEIR_LOAD(&weir_control.present) & WEIR_SAMPLING)) {
		sampler->shift = WEIR_SAMPLER_OFF;
		return;
	}
	now_ms = weir_now_ms(stats);
	if (sampler->shift == WEIR_SAMPLER_OFF) {
		sampler->shift = 0;
		sampler->told = total - more;
		is_sampled = 1;
	}
	weir_sampler_pace(sampler, total, now_ms >> WEIR_SAMPLE_SECOND, coarse);
	if (!is_sampled || facts->layer == WEIR_LAYER_NONE)
		return;
	amount = weir_sampler_weigh(sampler, total, more);
	sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	weir_sampler_next(sampler, total, sample != NULL, bpf_get_prandom_u32(), coarse);
	if (!sample) {
		stats->samples_lost++;
		return;
	}
	*sample = *like;
	sample->amount = amount;
	__builtin_memcpy(sample->addr, facts->addr, sizeof(sample->addr));
	sample->estimated = amount != more;
	if (!sample->validated)
		sample->validated =
		    (__u8)weir_is_validated(weir_id_of(set, facts, weir_validated_salt()), now_ms);
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
}

/* Of a packet of so many bytes, which are not counted yet. */
__noinline int weir_sample_bytes(const struct weir_facts *facts, struct weir_stats *stats,
				 __u32 length)
{
	const struct weir_sample like = {.unit = WEIR_SAMPLE_BYTES};

	if (!facts || !stats)
		return 0;
	weir_sample(facts, stats, &stats->by_bytes, stats->bytes + length, length,
		    WEIR_COARSE_BYTES, &like);
	return 0;
}

/*
 * Of so many events, counted by now, that came to a verdict. `how`: that, and above its eight bits
 * whether it was only observed, and whether the source is at its address.
 */
__noinline int weir_sample_events(const struct weir_facts *facts, struct weir_stats *stats,
				  __u32 events, __u32 how)
{
	const struct weir_sample like = {.unit = WEIR_SAMPLE_EVENTS,
					 .verdict = (__u8)how,
					 .observed = how >> 8 & 1,
					 .validated = how >> 9 & 1};

	if (!facts || !stats)
		return 0;
	weir_sample(facts, stats, &stats->by_events, stats->hindered, events, WEIR_COARSE_EVENTS,
		    &like);
	return 0;
}

#endif
