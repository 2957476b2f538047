/* SPDX-License-Identifier: BSD-2-Clause */
/* Bans and the allow list. See weir/abi.h. */
#ifndef WEIR_ABI_BANS_H
#define WEIR_ABI_BANS_H

#include "base.h"
#include "sources.h"

/* ---- bans and the allow list --------------------------------------------------------- */

/* The key of `ban_nets` and `allow_nets`. The family comes first so that ::/0 is not 0.0.0.0/0. */
struct weir_net {
	__u32 prefixlen; /* 32 for the family + length of the network */
	__be32 family;	 /* htonl(4) or htonl(6) */
	__be32 addr[4];	 /* IPv4 in addr[0] */
};
WEIR_STATIC_ASSERT(sizeof(struct weir_net) == 24, "no padding in a trie key");

#define WEIR_BAN_FOREVER (~0ull)
#define WEIR_BAN_ALL	 1u /* a flag: every packet, not just those to protected ports */

/*
 * A ban, and the value of `ban_nets`. A trie finds only the longest match, so a network inside
 * another banned one holds for as long as the longer of the two: `until_ms` is that, and
 * `own_until_ms` what was asked for.
 */
struct weir_ban {
	__u64 until_ms; /* WEIR_BAN_FOREVER or the moment it ends */
	__u64 own_until_ms;
	__u64 dropped; /* packets turned away, but for those still in weir_stats.ban_dropped */
	__u32 flags;   /* WEIR_BAN_…: those in force */
	__u32 own_flags;
};

/*
 * Bans of whole sources. Never thrown out; the agent is the only one who adds and removes. The
 * value of `ban_sets` is all that most packets have to ask for, a cache line; the rest of a ban is
 * in `bans`, at set * WEIR_BAN_WAYS + way. A ban whose set is full is in one of the next
 * WEIR_BAN_PROBES - 1 sets; a way that was freed in a full set is marked as such, so that the
 * search goes on behind it.
 */
#define WEIR_BAN_WAYS	4
#define WEIR_BAN_PROBES 16
#define WEIR_ID_FREED	1 /* no source has it */
struct weir_ban_set {
	struct {
		__u64 id;    /* 0: free, and was never taken; see above */
		__u64 until; /* weir_ban.until_ms << 1 | WEIR_BAN_ALL */
	} ways[WEIR_BAN_WAYS];
};
WEIR_STATIC_ASSERT(sizeof(struct weir_ban_set) == 64, "a cache line");
#define WEIR_BAN_UNTIL_MAX (~0ull >> 1) /* milliseconds: for ever */

struct weir_source_ban {
	__u64 id;
	struct weir_ban ban;
	struct weir_address source;
	__u64 pad;
};
WEIR_STATIC_ASSERT(sizeof(struct weir_source_ban) == 64, "a cache line");

#endif
