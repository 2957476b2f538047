/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the server was asked and has not answered yet: when its answer's time begins to count. */
#ifndef WEIR_ASKED_H
#define WEIR_ASKED_H

#include "clock.h"
#include "maps.h"

static __always_inline __u32 weir_asked_index(__u64 id)
{
	return (__u32)(id >> 16) & (WEIR_ASKED - 1);
}

/*
 * A request was let through, or what may be the end of it: its answer's time counts from now on.
 * `rule`: of a new one, as in struct weir_asked.
 */
static __always_inline void weir_note_asked(__u64 id, int is_new, __u32 rule)
{
	__u32 index = weir_asked_index(id);
	struct weir_asked *asking;

	if (!(WEIR_LOAD(&weir_control.present) & WEIR_TIMING))
		return;
	asking = bpf_map_lookup_elem(&asked, &index);
	if (!asking || (!is_new && WEIR_LOAD(&asking->id) != id))
		return;
	if (is_new) {
		WEIR_STORE(&asking->told_ns, 0);
		WEIR_STORE(&asking->rule, rule);
	}
	WEIR_STORE(&asking->since_ns, weir_precise_ns());
	WEIR_STORE(&asking->id, id);
}

#endif
