/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Facts and tables → the reason for a verdict. What is written here is what the meters count;
 * the verdict is carried out in settle.h.
 */
#ifndef WEIR_JUDGE_H
#define WEIR_JUDGE_H

#include "again.h"
#include "ban.h"
#include "challenge.h"
#include "clock.h"
#include "connection.h"
#include "fast_open.h"
#include "lib/event.h"
#include "lib/facts.h"
#include "maps.h"
#include "meter.h"
#include "nets.h"
#include "read.h"
#include "repeats.h"
#include "turned.h"

struct weir_outcome {
	__u32 reason;	   /* enum weir_reason, as mode enforce has it */
	__u32 service;	   /* index + 1; 0: none */
	__u32 event;	   /* enum weir_event; only when count > 0 */
	__u32 count;	   /* number in its window; 0: not a new event */
	__u32 serial;	   /* number in a row of such verdicts; 1: the first */
	__u32 is_observed; /* the mode was observe: it was not carried out */
	__u32 events;	   /* that came at once; 0: not new ones */
	__u32 answer;	   /* enum weir_action, where it is to be answered; else WEIR_ACTION_DROP */
	__u32 request;	   /* as weir_read_xdp() returns it; 0: none starts here */
	__u32 is_real;	   /* its connection is this host's: its sender is at his address */
	__u32 segment;	   /* as weir_segment_xdp() returns it; 0: it was not asked */
	__u32 ban_due;
};

/*
 * Counts a kick of a source that is at its address. Returns whether that makes a ban due.
 * `service`: index + 1.
 */
__noinline int weir_count_kick(const struct weir_facts *facts, __u32 service,
			       struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	const struct weir_limit *limit;
	struct weir_state state;
	__u64 id, now_ms;

	if (!facts || !stats)
		return 0;
	limit = &set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)].ban;
	if (!limit->enabled)
		return 0;
	id = weir_id_of(set, facts, weir_event_salt(service, WEIR_EVENT_KICK));
	if (!weir_find_state(limit, id, facts, 0, stats, &state))
		return 0;
	now_ms = weir_now_ms(stats);
	return weir_meter(limit, id, now_ms, 1, stats, &state).level == WEIR_LEVEL_KICK;
}

/* How a packet is to be answered; under tc it never is. */
static __always_inline void weir_want_answer(enum weir_hook hook, struct weir_outcome *outcome,
					     __u32 action)
{
	if (hook == WEIR_HOOK_XDP)
		outcome->answer = action;
}

/*
 * Judges an event by its limit. A kicked SYN that is sent again is a new attempt: the client's
 * only way in once its window has passed. A kicked request stays kicked, or the retransmissions
 * of clients that have long gone would keep their sources' windows open.
 */
static __always_inline __u32 weir_judge_event(
    void *ctx, enum weir_hook hook, const struct weir_control *control,
    const struct weir_settings *set, const struct weir_facts *facts, const struct weir_limit *limit,
    __u64 id, __u32 events, struct weir_stats *stats, struct weir_outcome *outcome)
{
	const struct weir_service *service =
	    &set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)];
	__u64 now_ms = weir_now_ms(stats);
	const int is_syn = outcome->event == WEIR_EVENT_SYN;
	struct weir_metered metered;
	struct weir_state state;

	if (!limit->enabled)
		return WEIR_REASON_NO_EVENT;
	/* Whatever does not belong to a connection of this host may be forged. */
	if (!weir_find_state(limit, id, facts,
			     WEIR_UNLIKELY(weir_is_sketching(stats, now_ms)) && !outcome->is_real,
			     stats, &state))
		return WEIR_REASON_UNTRACKED;
	if (WEIR_UNLIKELY(weir_is_held(&state))) {
		__u32 reason =
		    weir_judge_again(weir_hash_of(control, facts), (__u32)now_ms, limit->delay_ms);

		if (reason != WEIR_REASON_COUNT) {
			if (reason == WEIR_REASON_KICKED_AGAIN)
				weir_want_answer(hook, outcome, limit->action);
			return reason;
		}
	}
	if (!is_syn && outcome->event == WEIR_EVENT_REQUEST && outcome->is_real &&
	    service->repeats) {
		int repeat = hook == WEIR_HOOK_XDP
				 ? weir_repeat_xdp(ctx, facts, outcome->service, stats)
				 : weir_repeat_tc(ctx, facts, outcome->service, stats);

		if (repeat) {
			outcome->count = outcome->serial = (__u32)repeat;
			outcome->events = 1;
			weir_want_answer(hook, outcome, limit->action);
			return WEIR_REASON_REPEATED;
		}
	}
	metered = weir_meter(limit, id, now_ms, events, stats, &state);
	outcome->count = metered.count;
	outcome->serial = metered.serial;
	outcome->events = events;
	if (metered.level == WEIR_LEVEL_PASS) {
		/* Under tc nobody is challenged, and so nobody who is within his limit refused. */
		if (is_syn && (hook == WEIR_HOOK_XDP || set->mode != WEIR_MODE_ENFORCE) &&
		    service->flood_rate && control->present & WEIR_CAN_CHALLENGE &&
		    weir_is_suspect(facts, outcome->service, service->flood_rate, stats)) {
			weir_want_answer(hook, outcome, WEIR_ACTION_CHALLENGE);
			return WEIR_REASON_FLOODED;
		}
		return WEIR_REASON_UNDER_LIMIT;
	}
	if (metered.level == WEIR_LEVEL_CONTENDED)
		return WEIR_REASON_CONTENDED;
	if (set->mode == WEIR_MODE_ENFORCE && (metered.level == WEIR_LEVEL_THROTTLE || !is_syn)) {
		weir_set_held(&state, metered.word);
		weir_hold(weir_hash_of(control, facts), metered.level == WEIR_LEVEL_KICK
							    ? WEIR_HELD_KICKED
							    : WEIR_HELD_THROTTLED);
	}
	if (metered.level == WEIR_LEVEL_THROTTLE)
		return WEIR_REASON_THROTTLED;
	weir_want_answer(hook, outcome, limit->action);
	return WEIR_REASON_OVER_LIMIT;
}

/* Judges a request that starts in a segment. */
static __always_inline __u32 weir_judge_request(void *ctx, enum weir_hook hook,
						const struct weir_facts *facts,
						struct weir_stats *stats,
						struct weir_outcome *outcome)
{
	const struct weir_control *control = &weir_control;
	/* Read anew: a rule's index and its limit must be of the same settings. */
	__u32 slot = WEIR_LOAD(&control->active) & 1, service, read, rule, reason;
	const struct weir_settings *set = &control->slots[slot];
	const struct weir_limit *limit;
	__u64 salt;

	if (!facts || !stats || !outcome)
		return WEIR_REASON_NO_EVENT;
	service = outcome->service;
	read = hook == WEIR_HOOK_XDP
		   ? (__u32)weir_read_xdp(ctx, facts, slot, service, outcome->segment)
		   : (__u32)weir_read_tc(ctx, facts, slot, service, outcome->segment);
	outcome->request = read;
	outcome->event = WEIR_READ_EVENT(read);
	rule = WEIR_READ_RULE(read);
	/* Counted as a request when it began; of the rest only the path is news. */
	if (outcome->segment & WEIR_SEGMENT_OPEN && !rule)
		return WEIR_REASON_NO_EVENT;
	if (rule) {
		limit = &set->rules[(rule - 1) & (WEIR_RULE_MAX - 1)].limit;
		salt = weir_rule_salt(rule);
	} else {
		limit = &set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)]
			     .limits[outcome->event & (WEIR_EVENT_SLOTS - 1)];
		salt = weir_event_salt(service, outcome->event);
	}
	reason =
	    weir_judge_event(ctx, hook, control, set, facts, limit, weir_id_of(set, facts, salt),
			     WEIR_READ_REQUESTS(read), stats, outcome);
	/* None of them, but without a branch, which would double what follows for the verifier. */
	outcome->events &= (outcome->segment / WEIR_SEGMENT_OPEN & 1) - 1;
	if (rule && reason == WEIR_REASON_OVER_LIMIT && outcome->is_real)
		outcome->ban_due = set->rules[(rule - 1) & (WEIR_RULE_MAX - 1)].bans;
	return reason;
}

/* Global functions: these are checked once, and the paths of other packets keep their registers. */
__noinline int weir_judge_request_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				      struct weir_stats *stats, struct weir_outcome *outcome)
{
	return (int)weir_judge_request(ctx, WEIR_HOOK_XDP, facts, stats, outcome);
}

__noinline int weir_judge_request_tc(struct __sk_buff *skb, const struct weir_facts *facts,
				     struct weir_stats *stats, struct weir_outcome *outcome)
{
	return (int)weir_judge_request(skb, WEIR_HOOK_TC, facts, stats, outcome);
}

/* Whether the paths of a service's requests have to be known. `service`: index + 1. */
static __always_inline int weir_needs_paths(__u32 service)
{
	const struct weir_settings *set = weir_active(&weir_control);

	return set->mode == WEIR_MODE_ENFORCE &&
	       set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)].has_rules;
}

/*
 * Judges data to an HTTP service, step by step: one inside the other, they would not fit the stack.
 */
static __always_inline __u32 weir_judge_data(void *ctx, enum weir_hook hook,
					     const struct weir_facts *facts,
					     struct weir_stats *stats, struct weir_outcome *outcome)
{
	int segment = hook == WEIR_HOOK_XDP ? weir_segment_xdp(ctx, facts, stats)
					    : weir_segment_tc(ctx, facts, stats);
	__u32 reason;
	int is_open;

	outcome->is_real = !!(segment & WEIR_SEGMENT_REAL);
	outcome->segment = (__u32)segment;
	is_open = segment & WEIR_SEGMENT_OPEN;
	/* Not before what comes before it: else a path in pieces would pass all rules. */
	if (segment & WEIR_SEGMENT_TORN && weir_needs_paths(outcome->service))
		return WEIR_REASON_UNREAD;
	segment &= WEIR_SEGMENT_KIND;
	if (segment != WEIR_SEGMENT_START && !is_open)
		return segment == WEIR_SEGMENT_STRAY && weir_is_method(facts->payload_head)
			   ? WEIR_REASON_STRAY
			   : WEIR_REASON_NO_EVENT;
	/* For the verifier: a reason fits six bits. */
	reason = (hook == WEIR_HOOK_XDP ? weir_judge_request_xdp(ctx, facts, stats, outcome)
					: weir_judge_request_tc(ctx, facts, stats, outcome)) &
		 63;
	if (hook == WEIR_HOOK_XDP && WEIR_UNLIKELY(outcome->segment & WEIR_SEGMENT_COOKIE) &&
	    weir_is_left_here(facts, outcome->service, reason, stats)) {
		outcome->answer = WEIR_ACTION_REPLY;
		return WEIR_REASON_TURNED_AWAY;
	}
	if ((reason == WEIR_REASON_OVER_LIMIT || reason == WEIR_REASON_REPEATED) &&
	    outcome->is_real && !outcome->ban_due)
		outcome->ban_due = weir_count_kick(facts, outcome->service, stats);
	return reason;
}

/* Judges a SYN. */
static __always_inline __u32 weir_judge_syn(void *ctx, enum weir_hook hook,
					    const struct weir_control *control,
					    const struct weir_settings *set,
					    const struct weir_facts *facts,
					    struct weir_stats *stats, struct weir_outcome *outcome)
{
	__u32 reason;

	if (hook == WEIR_HOOK_XDP && WEIR_UNLIKELY(facts->payload_length)) {
		reason = weir_cut_syn_xdp(ctx, facts, outcome->service) & 63;
		if (reason)
			return reason;
	}
	outcome->event = WEIR_EVENT_SYN;
	reason = weir_judge_event(
	    ctx, hook, control, set, facts,
	    &set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)].limits[WEIR_EVENT_SYN],
	    weir_id_of(set, facts, weir_event_salt(outcome->service, WEIR_EVENT_SYN)), 1, stats,
	    outcome);
	if (hook == WEIR_HOOK_XDP && WEIR_UNLIKELY(control->present & WEIR_TURNING) &&
	    (reason == WEIR_REASON_UNDER_LIMIT || reason == WEIR_REASON_NO_EVENT) &&
	    weir_is_unwanted(facts, outcome->service, stats)) {
		outcome->answer = WEIR_ACTION_CHALLENGE;
		return WEIR_REASON_TURNED_AWAY;
	}
	return reason;
}

/*
 * What to do with a segment that starts nothing, while that depends on its source. Returns the
 * reason, and leaves in the outcome how it is to be answered.
 */
__noinline int weir_judge_rest_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				   struct weir_stats *stats, struct weir_outcome *outcome)
{
	__u32 present = WEIR_LOAD(&weir_control.present);

	if (!facts || !stats || !outcome)
		return WEIR_REASON_NO_EVENT;
	/* While SYNs are answered by cookie, whoever acknowledges one has proved himself. */
	if (present & WEIR_CHALLENGING)
		weir_witness_xdp(ctx, facts, stats);
	if (!(present & WEIR_TURNING) || facts->flags & (WEIR_TCP_SYN | WEIR_TCP_RST) ||
	    !weir_is_kept_here(ctx, facts, outcome->service, stats))
		return WEIR_REASON_NO_EVENT;
	if (facts->payload_length || facts->flags & WEIR_TCP_FIN)
		outcome->answer = WEIR_ACTION_ACKNOWLEDGE;
	return WEIR_REASON_TURNED_AWAY;
}

/* Judges a packet whose facts are known: DESIGN.md, section 3. */
static __always_inline void weir_judge(void *ctx, enum weir_hook hook,
				       const struct weir_control *control,
				       const struct weir_settings *set, __u32 present,
				       const struct weir_facts *facts, struct weir_stats *stats,
				       struct weir_outcome *outcome)
{
	outcome->service = 0;
	outcome->event = 0;
	outcome->count = 0;
	outcome->serial = 0;
	outcome->is_observed = 0;
	outcome->events = 0;
	outcome->answer = WEIR_ACTION_DROP;
	outcome->request = 0;
	outcome->is_real = 0;
	outcome->segment = 0;
	outcome->ban_due = 0;
	if (WEIR_UNLIKELY(facts->layer == WEIR_LAYER_NONE)) {
		outcome->reason = facts->defect ? facts->defect : WEIR_REASON_NOT_IP;
		return;
	}
	if (WEIR_LIKELY(facts->layer == WEIR_LAYER_TCP))
		outcome->service = set->port_service[facts->port];
	if (WEIR_UNLIKELY(present & (WEIR_HAVE_BANS | WEIR_HAVE_BAN_NETS))) {
		__u64 ban = weir_judge_bans(
		    facts, outcome->service || facts->layer == WEIR_LAYER_TAIL, stats);

		if (ban) {
			outcome->serial = (__u32)(ban >> 32);
			outcome->reason = (__u32)ban & 63;
			if (WEIR_UNLIKELY(present & WEIR_RESETS) && outcome->service &&
			    set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)]
				    .limits[WEIR_EVENT_REQUEST]
				    .action == WEIR_ACTION_RESET)
				weir_want_answer(hook, outcome, WEIR_ACTION_RESET);
			return;
		}
	}
	if (WEIR_UNLIKELY(facts->layer != WEIR_LAYER_TCP))
		outcome->reason = facts->defect			    ? facts->defect
				  : facts->layer == WEIR_LAYER_TAIL ? WEIR_REASON_FRAGMENT_TAIL
								    : WEIR_REASON_NOT_TCP;
	else if (!outcome->service)
		outcome->reason = WEIR_REASON_UNPROTECTED;
	else if (WEIR_UNLIKELY(facts->defect))
		outcome->reason = facts->defect;
	else {
		outcome->reason =
		    weir_is_syn(facts)
			? weir_judge_syn(ctx, hook, control, set, facts, stats, outcome)
		    : weir_may_be_request(
			  facts,
			  set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)].protocol)
			? weir_judge_data(ctx, hook, facts, stats, outcome)
			: WEIR_REASON_NO_EVENT;
		/* The last of a turn has PSH: the rest of an upload needs no clock. */
		if (WEIR_UNLIKELY(present & WEIR_TIMING && facts->payload_length &&
				  facts->flags & WEIR_TCP_PSH) &&
		    set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)].protocol ==
			WEIR_PROTOCOL_TLS)
			weir_note_turn(facts);
		if (WEIR_UNLIKELY(present & (WEIR_CHALLENGING | WEIR_TURNING)) &&
		    outcome->reason == WEIR_REASON_NO_EVENT) {
			if (hook == WEIR_HOOK_XDP)
				outcome->reason =
				    weir_judge_rest_xdp(ctx, facts, stats, outcome) & 63;
			else if (present & WEIR_CHALLENGING)
				weir_witness_tc(ctx, facts, stats);
		}
	}
}

#endif
