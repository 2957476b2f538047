/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Finds a source's state in its table, or makes it, and counts an event in it. */
#ifndef WEIR_METER_H
#define WEIR_METER_H

#include "lib/window.h"
#include "maps.h"

static const struct weir_burst weir_no_burst;
static const struct weir_slide weir_no_slide; /* too large for the stack twice over */

/*
 * Makes the state of a new source, empty. Of two CPUs that do so at once one loses (-EEXIST) and
 * finds the other's. Returns whether this one made it; a table without room (-ENOMEM, -EBUSY,
 * -E2BIG) shows when it is looked up again. Global functions: new sources are the exception, and
 * the others keep their registers.
 */
__noinline int weir_add_burst(const struct weir_source *source)
{
	return source && !bpf_map_update_elem(&bursts, source, &weir_no_burst, BPF_NOEXIST);
}

__noinline int weir_add_slide(const struct weir_source *source)
{
	return source && !bpf_map_update_elem(&slides, source, &weir_no_slide, BPF_NOEXIST);
}

static __always_inline struct weir_burst *weir_find_burst(const struct weir_source *source,
							  struct weir_stats *stats)
{
	struct weir_burst *burst = bpf_map_lookup_elem(&bursts, source);

	if (WEIR_LIKELY(burst))
		return burst;
	stats->sources_added += (__u32)weir_add_burst(source) & 1;
	burst = bpf_map_lookup_elem(&bursts, source);
	if (!burst)
		stats->insert_failures++;
	return burst;
}

static __always_inline struct weir_slide *weir_find_slide(const struct weir_source *source,
							  struct weir_stats *stats)
{
	struct weir_slide *slide = bpf_map_lookup_elem(&slides, source);

	if (WEIR_LIKELY(slide))
		return slide;
	stats->sources_added += (__u32)weir_add_slide(source) & 1;
	slide = bpf_map_lookup_elem(&slides, source);
	if (!slide)
		stats->insert_failures++;
	return slide;
}

#endif
