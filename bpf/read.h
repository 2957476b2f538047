/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Reads a request out of its segment, and finds what is said of its path in the settings. */
#ifndef WEIR_READ_H
#define WEIR_READ_H

#include "connection.h"
#include "desk.h"
#include "hook.h"
#include "maps.h"

struct weir_read_loop {
	struct weir_desk *desk;
	__u32 at;
	__u32 length;
};

static long weir_read_step(__u32 i, struct weir_read_loop *loop)
{
	struct weir_desk *desk = loop->desk;
	__u32 at = loop->at;

	(void)i;
	if (at >= loop->length)
		return 1;
	if (weir_may_skip(&desk->reader,
			  *(const __u64 *)(desk->data + (at & (WEIR_READ_MAX - 1))))) {
		loop->at = at + sizeof(__u64);
		return 0;
	}
	weir_read_byte(&desk->reader, desk->data[at & (WEIR_READ_MAX - 1)]);
	loop->at = at + 1;
	return desk->reader.phase == WEIR_READING_BODY;
}

/*
 * Leaves what it read on the desk. `segment`: as weir_segment_xdp() returned it. Returns 0 when it
 * could not be read.
 */
static __always_inline int weir_read(void *ctx, enum weir_hook hook, const struct weir_facts *facts,
				     __u32 segment)
{
	struct weir_read_loop loop = {.desk = weir_my_desk(), .at = 0};
	__u32 skip = WEIR_SEGMENT_SKIP(segment), length;

	if (!facts || !loop.desk)
		return 0;
	weir_begin_reading(&loop.desk->reader);
	if (segment & WEIR_SEGMENT_OPEN) {
		__u64 id = weir_connection_id(facts);
		struct weir_open_reading *kept = weir_reading_of(id);

		if (!kept || kept->id != id)
			return 0;
		loop.desk->reader = kept->reader;
	}
	length = facts->payload_length - skip;
	if (length > WEIR_READ_MAX)
		length = WEIR_READ_MAX;
	/* For the verifier: from 1 to the most. */
	length = ((length - 1) & (WEIR_READ_MAX - 1)) + 1;
	if (weir_load_bytes(ctx, hook, facts->payload_offset + skip, loop.desk->data, length)) {
		/* A notice must not tell of another's. */
		__builtin_memset(loop.desk->data, 0, WEIR_NOTICE_HEAD);
		return 0;
	}
	loop.length = length;
	bpf_loop(length, weir_read_step, &loop, 0);
	/* What was taken for a target may be any part of a request, and the same in many. */
	if (segment & WEIR_SEGMENT_TORN)
		loop.desk->reader.url = 0;
	return 1;
}

/* Whether the request that was read is for a part of a page. Several at once are not. */
static __always_inline int weir_is_part(struct weir_desk *desk, __u32 slot)
{
	struct weir_suffix_key key = {.slot = (__u8)slot};
	const struct weir_reader *reader = &desk->reader;

	if (reader->requests > 1)
		return 0;
	if (reader->is_part)
		return 1;
	if (!reader->suffix_length)
		return 0;
	for (__u32 i = 0; i < WEIR_SUFFIX_MAX; i++)
		key.text[i] = i < reader->suffix_length ? reader->suffix[i] : 0;
	return bpf_map_lookup_elem(&suffixes, &key) != NULL;
}

/* The index + 1 of the rule for the path that was read, or 0. `service`: index + 1. */
static __always_inline __u32 weir_rule_of(struct weir_desk *desk, __u32 slot, __u32 service)
{
	struct weir_path_key *key = &desk->reader.path;
	__u32 *index;

	key->prefixlen = 16 + 8 * (desk->reader.length & (WEIR_PATH_ROOM - 1));
	key->slot = (__u8)slot;
	key->service = (__u8)service;
	index = bpf_map_lookup_elem(&paths, key);
	return index ? *index + 1 : 0;
}

static __always_inline __u32 weir_read_request(void *ctx, enum weir_hook hook,
					       const struct weir_facts *facts, __u32 slot,
					       __u32 service, __u32 segment)
{
	struct weir_desk *desk = weir_my_desk();
	const struct weir_settings *set = &weir_control.slots[slot & 1];
	__u32 requests, is_whole;

	if (!desk || !weir_read(ctx, hook, facts, segment))
		return WEIR_READ_WORD(WEIR_EVENT_REQUEST, 1, 0, 0, 0);
	requests = desk->reader.requests ? desk->reader.requests : 1;
	/* Read to the end all the same: whether the last is whole says what may follow. */
	if (requests > WEIR_PIPELINE_MAX)
		requests = WEIR_PIPELINE_MAX;
	is_whole = weir_is_whole(&desk->reader);
	if (weir_is_part(desk, slot))
		return WEIR_READ_WORD(WEIR_EVENT_MEDIA, 1, is_whole, 0, 0);
	if (!set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)].has_rules)
		return WEIR_READ_WORD(WEIR_EVENT_REQUEST, requests, is_whole, 0, 0);
	if (weir_is_open(&desk->reader))
		return WEIR_READ_WORD(WEIR_EVENT_REQUEST, 1, 0, 1, 0);
	return WEIR_READ_WORD(WEIR_EVENT_REQUEST, requests, is_whole, 0,
			      weir_rule_of(desk, slot, service));
}

__noinline int weir_read_xdp(struct xdp_md *ctx, const struct weir_facts *facts, __u32 slot,
			     __u32 service, __u32 segment)
{
	return (int)weir_read_request(ctx, WEIR_HOOK_XDP, facts, slot, service, segment);
}

__noinline int weir_read_tc(struct __sk_buff *skb, const struct weir_facts *facts, __u32 slot,
			    __u32 service, __u32 segment)
{
	return (int)weir_read_request(skb, WEIR_HOOK_TC, facts, slot, service, segment);
}

#endif
