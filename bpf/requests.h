/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Tells user space of requests that were let through or turned away, and of the first bytes of
 * their answers, while WEIR_TELLING is set. Advisory, as notices are: so many a second and CPU, and
 * no more than there is room for until the agent comes by. Two counters say how many were not told.
 */
#ifndef WEIR_REQUESTS_H
#define WEIR_REQUESTS_H

#include "judge.h"

#define WEIR_REQUESTS_A_SECOND 500 /* and CPU */

/* Takes one from this second's share. */
static __always_inline int weir_may_tell(struct weir_stats *stats)
{
	__u64 second = weir_now_ms(stats) / 1000;

	if (stats->request_second != second) {
		stats->request_second = second;
		stats->request_count = 0;
	}
	if (stats->request_count >= WEIR_REQUESTS_A_SECOND)
		return 0;
	stats->request_count++;
	return 1;
}

/*
 * Whether a request was let through, or turned away for the first time. One that is held off is
 * neither yet: it comes again, if its client waits.
 */
static __always_inline int weir_is_decided(__u32 reason, const struct weir_outcome *outcome)
{
	enum weir_verdict verdict = weir_reason_verdict(reason);

	return verdict == WEIR_VERDICT_PASS || verdict == WEIR_VERDICT_ALLOW ||
	       (verdict == WEIR_VERDICT_KICK && outcome->count);
}

/* The request's answer is to be told of as well. */
static __always_inline void weir_mark_asked(__u64 connection, __u64 time_ns)
{
	__u32 index = weir_asked_index(connection);
	struct weir_asked *asking = bpf_map_lookup_elem(&asked, &index);

	if (asking && WEIR_LOAD(&asking->id) == connection)
		WEIR_STORE(&asking->told_ns, time_ns);
}

/*
 * Tells of the request on the desk. `id`: of its connection; `reason`: how it was carried out,
 * where the outcome's own is as mode enforce has it. A global function, which the verifier checks
 * once.
 */
__noinline int weir_tell_request(const struct weir_facts *facts, const struct weir_outcome *outcome,
				 __u64 id, __u32 reason, struct weir_stats *stats)
{
	struct weir_desk *desk = weir_my_desk();
	struct weir_request *request = NULL;
	__u32 length;

	/* More of a request was told of when that began. */
	if (!facts || !outcome || !stats || !desk || outcome->segment & WEIR_SEGMENT_OPEN ||
	    !weir_is_decided(reason, outcome))
		return 0;
	stats->requests_seen += WEIR_READ_REQUESTS(outcome->request);
	if (weir_may_tell(stats))
		request = bpf_ringbuf_reserve(&requests, sizeof(*request), 0);
	if (!request)
		return 0;
	stats->requests_told++;
	__builtin_memset(request, 0, sizeof(*request));
	request->kind = WEIR_TOLD_REQUEST;
	request->connection = id;
	request->time_ns = weir_precise_ns();
	__builtin_memcpy(request->addr, facts->addr, sizeof(request->addr));
	request->port = facts->port;
	request->rule = (__u16)WEIR_READ_RULE(outcome->request);
	request->family = facts->family;
	request->service = (__u8)outcome->service;
	request->event = (__u8)WEIR_READ_EVENT(outcome->request);
	request->observed = reason == WEIR_REASON_OBSERVED;
	request->reason = (__u8)(request->observed ? outcome->reason : reason);
	/* What begins in the middle of a request may look like another. */
	if (!(outcome->segment & WEIR_SEGMENT_TORN)) {
		length = facts->payload_length - WEIR_SEGMENT_SKIP(outcome->segment);
		__builtin_memcpy(request->head, desk->data, sizeof(request->head));
		request->head_length =
		    (__u8)(length < sizeof(request->head) ? length : sizeof(request->head));
	}
	weir_mark_asked(request->connection, request->time_ns);
	bpf_ringbuf_submit(request, BPF_RB_NO_WAKEUP);
	return 0;
}

/*
 * Tells of the answer to a request that was told of at `told_ns`. There are no more of these than
 * of requests.
 */
static __always_inline void weir_tell_answer(__u64 connection, __u64 told_ns, __u64 us,
					     __u32 status)
{
	struct weir_request_answer *answer;

	if (!told_ns || !(WEIR_LOAD(&weir_control.present) & WEIR_TELLING))
		return;
	answer = bpf_ringbuf_reserve(&requests, sizeof(*answer), 0);
	if (!answer)
		return;
	answer->kind = WEIR_TOLD_ANSWER;
	answer->status = status;
	answer->connection = connection;
	answer->time_ns = told_ns;
	answer->duration_us = us;
	bpf_ringbuf_submit(answer, BPF_RB_NO_WAKEUP);
}

#endif
