/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters, and how long answers take. See weir/abi.h. */
#ifndef WEIR_ABI_COUNTERS_H
#define WEIR_ABI_COUNTERS_H

#include "base.h"

/* ---- counters --------------------------------------------------------------------------- */

struct weir_event_counters {
	__u64 events; /* metered; those that just pass are the rest */
	__u64 throttle;
	__u64 kick;
	__u64 allow;
	__u64 observed_throttle;
	__u64 observed_kick;
};

/* Which of many packets a CPU tells of; see bpf/lib/sample.h. */
struct weir_sampler {
	__u64 shift; /* of so many bytes or events, a power of two, one is told of; 63: none */
	__u64 skew;  /* random: where in so many */
	__u64 told;  /* how many there had been when the newest was told */
	__u64 begun; /* how many when this second began */
	__u64 second;
	__u64 count; /* told in it; since it became this coarse */
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
	__u64 samples_lost;  /* there was no room for */
	/* The newest banned source of this CPU, and its packets not yet added to its ban. */
	__u64 ban_id;
	__u64 ban_index; /* in `bans` */
	__u64 ban_base;	 /* its packets before that */
	__u64 ban_dropped;
	/* Private to the data path. */
	struct weir_sampler by_bytes;
	struct weir_sampler by_events;
	__u64 hindered; /* what was throttled, kicked or malformed, or would have been */
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

#endif
