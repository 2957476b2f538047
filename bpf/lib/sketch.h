/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What is asked instead of the table of sources while new ones come so fast that each would cost
 * a cache miss and push out another. Two sketches small enough to stay in a CPU's cache:
 *
 *   tags    a byte of the id of each source in a table, so that a new source need not be looked
 *           for there. Kept up to date always.
 *   notes   of each CPU, 16 bits of the ids of the newest new sources. A source gets its entry when
 *           it is met again while noted.
 *
 * Either may take a source for another: a new one then gets its entry at once. Neither counts, so
 * neither can refuse anybody. Pure but for the words passed in.
 */
#ifndef WEIR_SKETCH_H
#define WEIR_SKETCH_H

#include "platform.h"

/* New sources are counted for so long; when there were too many, it is sketched for so long. */
#define WEIR_NEW_TICK_MS 64
#define WEIR_SKETCH_MS	 1000

/* A byte that is not 0, by other bits than the set of the table. */
static __always_inline __u8 weir_tag_of(__u64 id)
{
	__u8 tag = (__u8)(id >> 56);

	return tag ? tag : 1;
}

/* Where the tag of a way is among those of two sets, which share a word. */
static __always_inline __u32 weir_tag_at(__u32 set, __u32 way)
{
	return (set & 1) * WEIR_BURST_WAYS + (way & (WEIR_BURST_WAYS - 1));
}

/* Whether one of eight bytes is `tag`: the lowest that is makes a borrow (Hacker's Delight, 6-1).
 */
static __always_inline int weir_has_tag(__u64 tags, __u8 tag)
{
	__u64 differ = tags ^ tag * 0x0101010101010101ull;

	return ((differ - 0x0101010101010101ull) & ~differ & 0x8080808080808080ull) != 0;
}

/* Which of all words of notes a source's is in. */
static __always_inline __u32 weir_note_index(__u64 id)
{
	return (__u32)(id >> 24) & (WEIR_NOTE_PAGES * WEIR_NOTE_WORDS - 1);
}

static __always_inline __u16 weir_note_of(__u64 id)
{
	__u16 note = (__u16)(id >> 40);

	return note ? note : 1;
}

/* Whether a note is among the four of a word. */
static __always_inline int weir_has_note(__u64 word, __u16 note)
{
	__u64 differ = word ^ note * 0x0001000100010001ull;

	return ((differ - 0x0001000100010001ull) & ~differ & 0x8000800080008000ull) != 0;
}

/* The word with a note more; the oldest is forgotten. */
static __always_inline __u64 weir_add_note(__u64 word, __u16 note)
{
	return word << 16 | note;
}

#endif
