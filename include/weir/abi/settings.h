/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings in force. See weir/abi.h. */
#ifndef WEIR_ABI_SETTINGS_H
#define WEIR_ABI_SETTINGS_H

#include "base.h"
#include "sources.h"

/* ---- settings -------------------------------------------------------------------------- */

struct weir_limit {
	__u32 enabled; /* 0 or 1 */
	__u32 window;  /* enum weir_window */
	__u32 start_throttle;
	__u32 to_much;
	__u32 timeout_ms;
	__u32 delay_ms;
	__u32 action; /* enum weir_action: what a kick does */
	/* How `slides` keeps this limit's log; derived by weir_limit_seal(). */
	__u8 stride_shift; /* one of 2^stride_shift events is logged */
	__u8 tick_shift;   /* the log's clock ticks every 2^tick_shift ms */
	__u8 epoch;	   /* changes when the log's form does; 0 to 3 */
	__u8 pad;
};

struct weir_service {
	__u32 protocol;	  /* enum weir_protocol */
	__u32 flood_rate; /* SYNs a second of all sources from which on it is flooded; 0: never */
	struct weir_limit limits[WEIR_EVENT_SLOTS];
	/*
	 * How many kicks of its requests make a ban due, in a sliding window: over to_much. Only
	 * sources that are at their addresses have kicks counted. Not enabled: never.
	 */
	struct weir_limit ban;
	__u32 repeats;	 /* 1: a URL asked for again before it is answered is a kick */
	__u32 has_rules; /* 1: some of the rules below are its own */
};

/* A limit of its own for requests whose path begins so; the longest prefix wins. */
#define WEIR_PATH_MAX 100  /* bytes of a path that are looked at, and the longest prefix */
#define WEIR_RULE_MAX 1024 /* rules of all services */
struct weir_path_rule {
	struct weir_limit limit;
	__u32 service; /* index + 1; 0: unused, as are all behind it */
	__u32 bans;    /* 1: the first kick makes a ban due */
	__u32 length;  /* of the prefix, in bytes */
	char prefix[WEIR_PATH_MAX];
};

/*
 * The key of `paths`, a trie: the value is the index of a rule in that slot's settings. The text
 * has more room than any prefix: a power of two, so that an index into it is soon bounded.
 */
#define WEIR_PATH_ROOM 128
WEIR_STATIC_ASSERT(WEIR_PATH_MAX <= WEIR_PATH_ROOM, "the longest prefix fits");
struct weir_path_key {
	__u32 prefixlen; /* bits: 16 and those of the text */
	__u8 slot;	 /* of weir_control.slots */
	__u8 service;	 /* index + 1 */
	char text[WEIR_PATH_ROOM];
};

/*
 * Which paths are parts of a page: by what follows the last dot, in lower case. The key of
 * `suffixes`, a hash; the value means nothing.
 */
#define WEIR_SUFFIX_MAX	  14 /* letters */
#define WEIR_SUFFIX_COUNT 64
struct weir_suffix_key {
	__u8 slot;
	char text[WEIR_SUFFIX_MAX + 1]; /* zeros behind the letters */
};

/* What an HTTP client is answered who is kicked: status line, fields and page, as they are sent. */
#define WEIR_REPLY_MAX 1024
struct weir_reply {
	__u32 length; /* bytes */
	__u32 sum;    /* of the text as 16-bit words in memory order, folded, not complemented */
	char text[WEIR_REPLY_MAX];
};

/* All that is tunable, replaced whole: a packet sees one block or the next, never a mixture. */
struct weir_settings {
	__u32 mode;   /* enum weir_mode */
	__be32 mask4; /* source prefix as a mask */
	__be32 mask6[4];
	struct weir_service services[WEIR_SERVICE_MAX];
	struct weir_path_rule rules[WEIR_RULE_MAX];
	char suffixes[WEIR_SUFFIX_COUNT][WEIR_SUFFIX_MAX + 2]; /* ended by an empty one */
	struct weir_reply reply;
	__u8 port_service[WEIR_PORT_COUNT]; /* index into services + 1; 0: not protected */
};

/* weir_control.present: which tables hold anything at all, for an empty one is not asked, and … */
#define WEIR_HAVE_BANS	     1u
#define WEIR_HAVE_BAN_NETS   2u
#define WEIR_HAVE_ALLOW_NETS 4u
#define WEIR_HAVE_SETTINGS   8u
#define WEIR_CAN_CHALLENGE   16u  /* the host takes SYN cookies that it has not sent itself */
#define WEIR_CHALLENGING     32u  /* set by the data path when it sends one, cleared by the agent */
#define WEIR_RESETS	     64u  /* some service resets the connections of banned sources */
#define WEIR_TIMING	     128u /* how long answers take is measured */
#define WEIR_TURNING	     256u /* as WEIR_CHALLENGING, when it turns a source away */
#define WEIR_TELLING	     512u /* requests are told of */
#define WEIR_SAMPLING	     1024u /* and who sends how much, and is hindered how often */

/* The one value of `.bss`. The agent writes the slot that is not active, then flips. */
struct weir_control {
	__u32 active;  /* 0 or 1: index into slots */
	__u32 present; /* WEIR_HAVE_… */
	__u64 hash_seed;
	__u32 syncookies_before; /* net.ipv4.tcp_syncookies before Weir changed it, + 1; 0: it did
				    not */
	__u32 pad;
	struct weir_settings slots[2];
};

/* When weir_control.active is to be what it was before, if nobody calls that off. */
struct weir_rollback_request {
	__u64 after_ns; /* from now; 0: call it off */
	__u32 active;
	__u32 resets; /* 1: with WEIR_RESETS */
};

#endif
