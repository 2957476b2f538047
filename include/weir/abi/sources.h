/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is counted: the tables of sources. See weir/abi.h. */
#ifndef WEIR_ABI_SOURCES_H
#define WEIR_ABI_SOURCES_H

#include "base.h"

/* ---- who is counted ---------------------------------------------------------------- */

/*
 * The tables of sources and bans are arrays of the data path's own, made of sets of a few ways,
 * and not the kernel's hash maps: a lookup is a few instructions inlined and one cache line, a
 * new source costs what a known one does (the LRU hash takes forty times as long), and what is
 * thrown out for it is the least that can be lost. A way is found by its id, a keyed hash of 64
 * bits (bpf/lib/table.h) that differs for all IPv4 sources, and for all IPv6 sources up to /64;
 * beyond that two of a million sources are taken for one with a probability of 3e-8.
 */

/* A whole source, masked to the source prefix of the settings. */
struct weir_address {
	__be32 addr[4];
};

/* The count of a source's events; see bpf/lib/window.h for the word's layout. */
struct weir_burst {
	__u64 word;
};

/*
 * The value of `bursts`: every source and event is first counted here. A cache line to find it
 * by, and beside it one that says who the ways belong to, for user space.
 */
#define WEIR_BURST_WAYS 4
struct weir_burst_set {
	struct {
		__u64 id; /* 0: free */
		struct weir_burst burst;
	} ways[WEIR_BURST_WAYS];
	struct weir_address sources[WEIR_BURST_WAYS];
};
WEIR_STATIC_ASSERT(sizeof(struct weir_burst_set) == 128, "two cache lines");

/*
 * Which sources may be in a table; see bpf/lib/sketch.h. The value of `tags`, of two sets of
 * `bursts` each, and of `slide_tags`, of a set of `slide_ids`.
 */
struct weir_tags {
	__u64 word;
};
WEIR_STATIC_ASSERT(WEIR_BURST_WAYS == 4, "eight tags of a byte are a word");

/* The value of `notes`, of each CPU: four notes of 16 bits in a word; see bpf/lib/sketch.h. */
#define WEIR_NOTE_PAGES 64
#define WEIR_NOTE_WORDS 512
struct weir_notes {
	__u64 words[WEIR_NOTE_WORDS];
};

/* The value of `slide_ids`: the ids of a set's ways. A cache line. */
#define WEIR_ID_WAYS 8
struct weir_id_set {
	__u64 ids[WEIR_ID_WAYS]; /* 0: free */
};
WEIR_STATIC_ASSERT(WEIR_ID_WAYS == sizeof(struct weir_tags), "a tag of a byte for each");

/*
 * The value of `slides`, at set * WEIR_ID_WAYS + way: a log of the newest events of a source whose
 * window is sliding, made at its second event within the window. 64 slots make every limit up to
 * 64 exact. Above that every 2nd, 4th … event is logged: a throttle may then begin late, and a kick
 * come early, by fewer than that many events; never more than toMuch are let in.
 */
#define WEIR_SLIDE_SLOTS 64
struct weir_slide {
	__u64 word;
	__u32 slots[WEIR_SLIDE_SLOTS];
};

/*
 * A source that was seen to be at its address has a way in `bursts` of its own, with this in the
 * place of the event (and no service), and so great a count that floods do not displace it.
 */
#define WEIR_EVENT_VALIDATED WEIR_EVENT_SLOTS
/* And the place of a source's kicks, which may make a ban due. */
#define WEIR_EVENT_KICK	     (WEIR_EVENT_SLOTS + 1)
#define WEIR_EVENT_RUNNING   (WEIR_EVENT_SLOTS + 2) /* and of no place, but a hash */
#define WEIR_VALIDATED_COUNT (1u << 16)
#define WEIR_VALIDATED_MS    3600000ull /* for so long: an hour */

/* What is changed in a set is changed under its lock; `locks` has this many, a power of two. */
#define WEIR_LOCKS 1024
#ifdef __bpf__
struct weir_lock {
	struct bpf_spin_lock lock;
};
#endif

#endif
