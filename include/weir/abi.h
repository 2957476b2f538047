/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What crosses the border between kernel and user space: the values of the pinned maps and
 * the records of the notice ring. Compiles as BPF C, C11 and C++. Every change of a size or
 * of a meaning raises WEIR_LAYOUT, which is part of the pin directory's name.
 *
 * Times: `_ns` is CLOCK_BOOTTIME in nanoseconds, `_ms` the same clock in milliseconds.
 * Addresses are in network byte order, IPv4 as v4-mapped IPv6 (RFC 4291, 2.5.5.2).
 * Ports and all other numbers are in host byte order.
 */
#ifndef WEIR_ABI_H
#define WEIR_ABI_H

#include <linux/types.h>

#include "verdict.h"

#ifdef __cplusplus
#define WEIR_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define WEIR_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define WEIR_LAYOUT 8

#define WEIR_SERVICE_MAX   16 /* services in one settings block */
#define WEIR_INTERFACE_MAX 32 /* interfaces one agent filters */
#define WEIR_FAMILY_COUNT  2  /* 0: IPv4, 1: IPv6 */
#define WEIR_PORT_COUNT	   65536
#define WEIR_ACTION_SLOTS  8 /* the same for actions */
#define WEIR_EVENT_SLOTS   4 /* room for events, a power of two */
WEIR_STATIC_ASSERT(WEIR_EVENT_COUNT <= WEIR_EVENT_SLOTS, "room for all");

#define WEIR_FLOOD_RATE_MAX 100000000u

/* A limit's bounds; configuration is checked against them before it reaches the kernel. */
#define WEIR_TO_MUCH_MAX    65535
#define WEIR_TIMEOUT_MS_MAX (7u * 24 * 3600 * 1000)
#define WEIR_DELAY_MS_MAX   (60u * 1000)

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
#define WEIR_VALIDATED_MS    (60u * 60 * 1000) /* for so long */

/* What is changed in a set is changed under its lock; `locks` has this many, a power of two. */
#define WEIR_LOCKS 1024
#ifdef __bpf__
struct weir_lock {
	struct bpf_spin_lock lock;
};
#endif

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
#define WEIR_RESETS	     64u  /* some service resets the connections of banned sources */
#define WEIR_TIMING	     128u /* how long answers take is measured */
#define WEIR_TELLING	     512u /* requests are told of */
#define WEIR_CHALLENGING     32u  /* set by the data path when it sends one, cleared by the agent */
#define WEIR_TURNING	     256u /* the same when it turns a source away with the page */

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

/*
 * Requests whose answers are waited for, by connection: each has one place, and a newer one may
 * take it.
 */
#define WEIR_ASKED 65536 /* a power of two */
struct weir_asked {
	__u64 id; /* of the connection; 0: none */
	__u64 since_ns;
	__u64 told_ns; /* weir_request.time_ns; 0: nobody was told of it */
	__u32 rule;    /* index + 1 of the rule for its path among all; 0: none */
	__u32 pad;
};

/*
 * The per-CPU value of `answered`, one for each service; and the value of `answered_rules`, one for
 * each rule, which has all CPUs' so that there is room for many. All of it only grows, until
 * another rule takes the place.
 */
#define WEIR_RESPONSE_POWERS  20 /* from 64 microseconds to 67 seconds, eight buckets each */
#define WEIR_RESPONSE_BUCKETS (WEIR_RESPONSE_POWERS * 8 + 2)
#define WEIR_STATUS_SLOTS     8	 /* 1 to 5: classes of status codes; 0: no status line */
#define WEIR_STATUS_LENGTH    10 /* bytes, up to the code's first digit */
struct weir_responses {
	__u64 count;
	__u64 sum_us;
	__u64 statuses[WEIR_STATUS_SLOTS];
	__u64 buckets[WEIR_RESPONSE_BUCKETS]; /* weir_response_bucket() */
};

/* When weir_control.active is to be what it was before, if nobody calls that off. */
struct weir_rollback_request {
	__u64 after_ns; /* from now; 0: call it off */
	__u32 active;
	__u32 resets; /* 1: with WEIR_RESETS */
};

/* ---- counters --------------------------------------------------------------------------- */

struct weir_event_counters {
	__u64 events; /* metered; those that just pass are the rest */
	__u64 throttle;
	__u64 kick;
	__u64 allow;
	__u64 observed_throttle;
	__u64 observed_kick;
};

/* The per-CPU value of `stats_by_slot`. All before `ban_id` only grow. */
struct weir_stats {
	__u64 bytes;
	__u64 reasons[WEIR_REASON_COUNT]; /* packets; see weir_reason_verdict() */
	__u64 observed[WEIR_VERDICT_COUNT];
	__u64 answers[WEIR_ACTION_SLOTS]; /* of those that drop without an answer, nothing */
	struct weir_event_counters events[WEIR_SERVICE_MAX][WEIR_EVENT_SLOTS][WEIR_FAMILY_COUNT];
	__u64 validated;	 /* times that a source was found to be at its address */
	__u64 sources_added;	 /* ways of `bursts` taken */
	__u64 sources_replaced;	 /* of these, ways that were another source's */
	__u64 sources_displaced; /* of these, of sources that were not forgotten by then */
	__u64 slides_added;
	__u64 slides_replaced;
	__u64 insert_failures;
	__u64 sketched;	 /* events of sources that were only noted; see bpf/lib/sketch.h */
	__u64 sketch_ms; /* for how long that was done */
	__u64 notices_sent;
	__u64 notices_lost;
	__u64 requests_seen; /* let through or turned away while WEIR_TELLING was set */
	__u64 requests_told; /* records of these; the others' paths are not known */
	/* The newest banned source of this CPU, and its packets not yet added to its ban. */
	__u64 ban_id;
	__u64 ban_index; /* in `bans` */
	__u64 ban_base;	 /* its packets before that */
	__u64 ban_dropped;
	/* Private to the data path. */
	__u64 clock_jiffies;
	__u64 clock_ms;
	__u64 notice_second;
	__u64 notice_count;
	__u64 answer_second;
	__u64 answer_count;
	__u64 request_second;
	__u64 request_count;
	__u64 syn_batch[WEIR_SERVICE_MAX];
	__u64 new_tick; /* new sources in it: */
	__u64 new_count;
	__u64 sketch_until_ms;
	__u64 scratch;
};

/* ---- segments held off ------------------------------------------------------------------ */

/*
 * The value of `held`: segments that were throttled or kicked and are known again when TCP
 * sends them again. A set of eight in one cache line; the oldest makes room. Losing one is
 * harmless: its retransmission is then judged as a new event.
 */
#define WEIR_HELD_WAYS 8
#define WEIR_HELD_SETS 16384 /* a power of two */
struct weir_held_set {
	__u64 words[WEIR_HELD_WAYS];
};

/* ---- connections -------------------------------------------------------------------------- */

/*
 * The value of `conns`: connections of this host that data came on, by a hash of its other end; see
 * bpf/lib/conn.h. Of four, the one that was silent for longest makes room.
 */
#define WEIR_CONN_WAYS	  4
#define WEIR_CONN_SETS	  16384 /* a power of two */
#define WEIR_CONN_TICK_MS 250
#define WEIR_CONN_TICKS	  1200 /* silent for so long, the host is asked again */
struct weir_conn {
	__u64 id;
	__u32 next;  /* the byte behind all that was let through */
	__u32 ack;   /* what it had of the server when its last request began */
	__u32 body;  /* the byte behind the body of the newest request */
	__u16 tick;  /* of the last data */
	__u16 flags; /* WEIR_CONN_… */
	__u32 held;  /* where the request begins that is held off, and */
	__u32 held_ack;
};
struct weir_conn_set {
	struct weir_conn ways[WEIR_CONN_WAYS];
};
WEIR_STATIC_ASSERT(sizeof(struct weir_conn_set) == 128, "two cache lines");

/* ---- requests that are being answered ------------------------------------------------------- */

/*
 * The value of `running`, by a hash of source and URL: which connection the newest such request
 * came on. Another with the same place takes it: then a repeat is not noticed.
 */
#define WEIR_RUNNING 16384 /* a power of two */
struct weir_running {
	__u64 id;
	__u64 begun_ms;	 /* when it was let through */
	__u64 minute_ms; /* when the minute began, of which: */
	__u32 repeats;
	__u32 ack;	/* what the connection had of the server by then */
	__be32 addr[4]; /* its ends, as in the packet */
	__be32 local[4];
	__be16 source_port;
	__be16 port;
	__u8 family;
	__u8 pad[3];
};

/* ---- floods --------------------------------------------------------------------------------- */

/* The value of `floods`, by service: SYNs of all CPUs in this second, and until when it is flooded.
 */
struct weir_flood {
	__u64 word; /* second << 32 | count */
	__u64 until_ms;
	__u64 pad[6]; /* a cache line of its own */
};

/* The value of `trickles`: when a listener, by a hash of its address, was last sent a SYN. */
#define WEIR_TRICKLES 4096 /* a power of two */
struct weir_trickle {
	__u64 word; /* hash << 32 | second */
};

/* The value of `courtesies`: how many answers a source was sent in a second. */
#define WEIR_COURTESIES 4096 /* a power of two */
struct weir_courtesy {
	__u64 word; /* hash << 32 | second << 16 | count */
};

/*
 * The value of `turned`: until when a source that was shown the page is answered on new connections
 * too, by service: the lower 32 bits of the boot clock's milliseconds.
 */
#define WEIR_TURNED 4096 /* a power of two */
struct weir_turned {
	__u64 word; /* hash << 32 | until */
};

/* ---- notices ------------------------------------------------------------------------------ */

#define WEIR_NOTICE_HEAD 120

/* A record of `notices`: one verdict other than pass. Advisory, rate-limited. */
struct weir_notice {
	__u64 time_ns;
	__be32 addr[4]; /* the whole address, not masked */
	__u32 count;	/* the event's number in its window (sliding: at least); 0: no event */
	__u16 source_port;
	__u16 port;
	__u8 reason;	  /* enum weir_reason, as it would be in mode enforce */
	__u8 observed;	  /* 1: mode was observe, the packet passed */
	__u8 family;	  /* 0: IPv4, 1: IPv6 */
	__u8 service;	  /* index + 1; 0: none */
	__u8 event;	  /* enum weir_event; only when count > 0 */
	__u8 interface;	  /* slot */
	__u8 head_length; /* bytes of `head` in use */
	__u8 action;	  /* enum weir_action that it was carried out by */
	__be32 local[4];  /* the address of this host that it was sent to */
	__u16 rule;	  /* index + 1 of the path rule among all; 0: none */
	__u8 ban_due;	  /* 1: the source is at its address, and its kicks make a ban due */
	__u8 validated;	  /* 1: the source is at its address */
	__u8 pad[4];
	char head[WEIR_NOTICE_HEAD]; /* first bytes of a request; not cleaned */
};
WEIR_STATIC_ASSERT(sizeof(struct weir_notice) == 8 + 16 + 4 + 4 + 8 + 16 + 8 + WEIR_NOTICE_HEAD,
		   "no implicit padding in a record");

/* ---- requests ----------------------------------------------------------------------------- */

/* The records of `requests`: what each is. Advisory, rate-limited. */
#define WEIR_TOLD_REQUEST 1u
#define WEIR_TOLD_ANSWER  2u

/* The first request that begins in a segment and was let through or turned away. */
struct weir_request {
	__u32 kind; /* WEIR_TOLD_REQUEST */
	__u16 port;
	__u16 rule;	  /* index + 1 of the path rule among all; 0: none */
	__u64 connection; /* names it by its other end */
	__u64 time_ns;	  /* with the connection, what its answer is known by */
	__be32 addr[4];	  /* the whole address, not masked */
	__u8 family;	  /* 0: IPv4, 1: IPv6 */
	__u8 service;	  /* index + 1 */
	__u8 event;	  /* enum weir_event */
	__u8 reason;	  /* enum weir_reason, as it would be in mode enforce */
	__u8 observed;	  /* 1: mode was observe, and it passed although it would not have */
	__u8 head_length; /* bytes of `head` in use; 0: its first bytes are not known */
	__u8 pad[2];
	char head[WEIR_NOTICE_HEAD]; /* its first bytes; not cleaned */
};
WEIR_STATIC_ASSERT(sizeof(struct weir_request) == 8 + 8 + 8 + 16 + 8 + WEIR_NOTICE_HEAD,
		   "no implicit padding in a record");

/* The first byte of the answer to a request that was told of. */
struct weir_request_answer {
	__u32 kind;   /* WEIR_TOLD_ANSWER */
	__u32 status; /* weir_status_class() */
	__u64 connection;
	__u64 time_ns; /* the request's */
	__u64 duration_us;
};
WEIR_STATIC_ASSERT(sizeof(struct weir_request_answer) == 32, "no implicit padding in a record");

/* ---- interfaces --------------------------------------------------------------------------- */

#define WEIR_ATTACH_NATIVE  1u
#define WEIR_ATTACH_GENERIC 2u
#define WEIR_ATTACH_TC	    3u
#define WEIR_QDISC_OURS	    1u /* flags: the clsact qdisc was made by Weir */

/* The value of `interfaces`, by slot: who owns which counters; read by the next agent. */
struct weir_interface {
	char name[16]; /* empty: the slot is free */
	__u32 ifindex;
	__u32 attach; /* WEIR_ATTACH_…; 0: detached, counters kept */
	__u32 flags;
	__u32 pad;
};

#endif
