/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Finds a source's state in its table, or makes it, and counts an event in it. */
#ifndef WEIR_METER_H
#define WEIR_METER_H

#include "lib/window.h"
#include "maps.h"

static const struct weir_burst weir_no_burst;
static const struct weir_slide weir_no_slide; /* too large for the stack twice over */

/*
 * The state of a source. A new one starts empty; of two CPUs that make it at once one loses
 * (-EEXIST) and finds the other's. NULL when the table had no room (-ENOMEM, -EBUSY, -E2BIG).
 */
static __always_inline void *weir_find_or_add(void *table, const struct weir_source *source,
					      const void *empty, struct weir_stats *stats)
{
	void *state = bpf_map_lookup_elem(table, source);

	if (state)
		return state;
	if (!bpf_map_update_elem(table, source, empty, BPF_NOEXIST))
		stats->sources_added++;
	state = bpf_map_lookup_elem(table, source);
	if (!state)
		stats->insert_failures++;
	return state;
}

#endif
