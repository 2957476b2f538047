/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * All maps. Names are also the names of their pins. Sizes given here are those of a test;
 * the agent sets the real ones before loading (user/dataplane/sizes.h), and with them the masks.
 * Tables of sets are mappable because those begin at a cache line, and so that the agent reads
 * them without a call for each entry.
 */
#ifndef WEIR_MAPS_H
#define WEIR_MAPS_H

#include <bpf/bpf_helpers.h>

#include "lib/platform.h"

/*
 * Settings in force: written by the agent only; see struct weir_control. A global variable (.bss),
 * which is an array map of one value, because that needs no lookup.
 */
struct weir_control weir_control;

/* Counters, by interface slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEIR_INTERFACE_MAX);
	__type(key, __u32);
	__type(value, struct weir_stats);
} stats_by_slot SEC(".maps");

/* Which interface owns which slot of `stats_by_slot`: the agent's memory, not read here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_INTERFACE_MAX);
	__type(key, __u32);
	__type(value, struct weir_interface);
} interfaces SEC(".maps");

/* Whether the kernel has the SYN cookie helpers; where not, nothing that calls them is loaded. */
const volatile __u32 weir_can_challenge = 1;

/* Sets in each table, less one: a power of two less one. */
const volatile __u32 weir_burst_mask = 1023;
const volatile __u32 weir_slide_mask = 511;
const volatile __u32 weir_ban_mask = 1023;

/* New sources of a CPU in a WEIR_NEW_TICK_MS from which on it sketches. */
const volatile __u32 weir_new_budget = ~0u;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct weir_burst_set);
} bursts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, struct weir_tags);
} tags SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, struct weir_tags);
} slide_tags SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEIR_NOTE_PAGES);
	__type(key, __u32);
	__type(value, struct weir_notes);
} notes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, struct weir_id_set);
} slide_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 512 * WEIR_ID_WAYS);
	__type(key, __u32);
	__type(value, struct weir_slide);
} slides SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_LOCKS);
	__type(key, __u32);
	__type(value, struct weir_lock);
} locks SEC(".maps");

/* Bans of whole sources. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct weir_ban_set);
} ban_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024 * WEIR_BAN_WAYS);
	__type(key, __u32);
	__type(value, struct weir_source_ban);
} bans SEC(".maps");

/* Bans of anything else: networks, and parts of a source. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct weir_net);
	__type(value, struct weir_ban);
} ban_nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct weir_net);
	__type(value, __u32);
} allow_nets SEC(".maps");

/* Segments held off; see lib/held.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_HELD_SETS);
	__type(key, __u32);
	__type(value, struct weir_held_set);
} held SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* for the cache lines */
	__uint(max_entries, WEIR_CONN_SETS);
	__type(key, __u32);
	__type(value, struct weir_conn_set);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_ASKED);
	__type(key, __u32);
	__type(value, struct weir_asked);
} asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEIR_SERVICE_MAX);
	__type(key, __u32);
	__type(value, struct weir_responses);
} answered SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_RULE_MAX);
	__type(key, __u32);
	__type(value, struct weir_responses);
} answered_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_SERVICE_MAX);
	__type(key, __u32);
	__type(value, struct weir_flood);
} floods SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_TRICKLES);
	__type(key, __u32);
	__type(value, struct weir_trickle);
} trickles SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_COURTESIES);
	__type(key, __u32);
	__type(value, struct weir_courtesy);
} courtesies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_TURNED);
	__type(key, __u32);
	__type(value, struct weir_turned);
} turned SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_RUNNING);
	__type(key, __u32);
	__type(value, struct weir_running);
} running SEC(".maps");

/* Rules for paths, and what parts of a page end in: of both slots of settings. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * WEIR_RULE_MAX);
	__type(key, struct weir_path_key);
	__type(value, __u32);
} paths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * WEIR_SUFFIX_COUNT);
	__type(key, struct weir_suffix_key);
	__type(value, __u8);
} suffixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} notices SEC(".maps");

/* Nobody is woken up for a record: the agent looks once a second, and when it is asked. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} requests SEC(".maps");

/* The same; see samples.h. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} samples SEC(".maps");

/* The slot in `stats_by_slot` of the interface that this instance of the program is attached to. */
const volatile __u32 weir_slot = 0;

static __always_inline const struct weir_settings *weir_active(const struct weir_control *control)
{
	return &control->slots[WEIR_LOAD(&control->active) & 1];
}

static __always_inline struct weir_stats *weir_my_stats(void)
{
	__u32 slot = weir_slot;

	return bpf_map_lookup_elem(&stats_by_slot, &slot);
}

/*
 * The same number, of which the verifier no longer knows what it is. After a search it would
 * check all that follows once for each way that the search may end.
 */
static __always_inline __u32 weir_forget(struct weir_stats *stats, __u32 value)
{
	WEIR_STORE(&stats->scratch, value);
	return (__u32)WEIR_LOAD(&stats->scratch);
}

#endif
