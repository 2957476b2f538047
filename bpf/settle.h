/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The one exit: counts a verdict, tells of it, and says whether the packet goes on. */
#ifndef WEIR_SETTLE_H
#define WEIR_SETTLE_H

#include "judge.h"
#include "notices.h"
#include "requests.h"
#include "samples.h"
#include "turn_away.h"

/*
 * Counts a verdict other than pass in the way that it was carried out; returns the reason why.
 * Events that came at once are judged together.
 */
static __always_inline __u32 weir_carry_out(const struct weir_control *control,
					    const struct weir_settings *set,
					    struct weir_stats *stats,
					    const struct weir_facts *facts, __u32 verdict,
					    const struct weir_outcome *outcome,
					    struct weir_event_counters *counters)
{
	if (WEIR_UNLIKELY(control->present & WEIR_HAVE_ALLOW_NETS) && weir_is_allowed(facts)) {
		if (counters)
			counters->allow += WEIR_LOAD(&outcome->events);
		return WEIR_REASON_ALLOWED;
	}
	if (WEIR_UNLIKELY(set->mode != WEIR_MODE_ENFORCE)) {
		stats->observed[verdict]++;
		if (counters && verdict == WEIR_VERDICT_THROTTLE)
			counters->observed_throttle += WEIR_LOAD(&outcome->events);
		else if (counters)
			counters->observed_kick += WEIR_LOAD(&outcome->events);
		return WEIR_REASON_OBSERVED;
	}
	if (counters && verdict == WEIR_VERDICT_THROTTLE)
		counters->throttle += WEIR_LOAD(&outcome->events);
	else if (counters)
		counters->kick += WEIR_LOAD(&outcome->events);
	return outcome->reason;
}

/*
 * Counts what was throttled, kicked or malformed, or would have been, and samples it. Of a ban that
 * is carried out the ban itself counts; and what is sent again is no event.
 */
static __always_inline void weir_note_hindered(const struct weir_facts *facts,
					       struct weir_stats *stats,
					       const struct weir_outcome *outcome, __u32 verdict,
					       __u32 reason, int is_event)
{
	__u32 is_observed = reason == WEIR_REASON_OBSERVED, events;

	if (reason == WEIR_REASON_ALLOWED)
		return;
	if (is_event)
		events = WEIR_LOAD(&outcome->events);
	else if (verdict == WEIR_VERDICT_MALFORMED || (verdict == WEIR_VERDICT_BAN && is_observed))
		events = 1;
	else
		return;
	stats->hindered += events;
	if (weir_is_new_second(stats, &stats->by_events) ||
	    weir_is_sampled(&stats->by_events, stats->hindered - events, events))
		weir_sample_events(facts, stats, events,
				   verdict | is_observed << 8 | (outcome->is_real & 1) << 9);
}

/*
 * Whether a request was turned away by what its service allows a source. By a rule for its path, or
 * as a part of a page, others of the source's may still get in; and of a repeat only this.
 */
static __always_inline int weir_is_of_service(const struct weir_outcome *outcome)
{
	return (outcome->reason == WEIR_REASON_OVER_LIMIT ||
		outcome->reason == WEIR_REASON_KICKED_AGAIN) &&
	       WEIR_READ_EVENT(outcome->request) == WEIR_EVENT_REQUEST &&
	       !WEIR_READ_RULE(outcome->request);
}

/*
 * Answers a packet where that is possible: a SYN with a challenge, anything with a reset, and a
 * request with a page. Leaves in the outcome what it was answered with, WEIR_ACTION_DROP for
 * nothing, and its reason if that is another now. A global function, which the verifier checks
 * once.
 */
__noinline int weir_answer_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
			       struct weir_stats *stats, struct weir_outcome *outcome)
{
	const struct weir_control *control = &weir_control;
	const struct weir_settings *set = weir_active(control);
	int done = WEIR_CHALLENGE_NO, is_turned;

	if (!facts || !stats || !outcome)
		return 0;
	if (set->mode != WEIR_MODE_ENFORCE ||
	    (control->present & WEIR_HAVE_ALLOW_NETS && weir_is_allowed(facts))) {
		outcome->answer = WEIR_ACTION_DROP;
		return 0;
	}
	if (outcome->answer == WEIR_ACTION_ACKNOWLEDGE) {
		outcome->answer = weir_part_xdp(ctx, facts, stats);
		return 0;
	}
	if (outcome->answer != WEIR_ACTION_CHALLENGE) {
		outcome->answer = weir_turn_away_xdp(ctx, facts, stats,
						     outcome->answer == WEIR_ACTION_REPLY &&
							 outcome->is_real && outcome->request,
						     outcome->is_real);
		if (outcome->answer == WEIR_ACTION_REPLY && weir_is_of_service(outcome))
			weir_note_turned(facts, outcome->service, stats);
		return 0;
	}
	is_turned = outcome->reason == WEIR_REASON_TURNED_AWAY;
	if (outcome->event == WEIR_EVENT_SYN &&
	    (is_turned || control->present & WEIR_CAN_CHALLENGE))
		done = weir_challenge_xdp(ctx, facts, stats, !is_turned);
	if (done == WEIR_CHALLENGE_SENT)
		return 0;
	outcome->answer = WEIR_ACTION_DROP;
	if (done == WEIR_CHALLENGE_TRICKLE)
		outcome->reason = WEIR_REASON_TRICKLED;
	else if (is_turned || outcome->reason == WEIR_REASON_FLOODED)
		/* Under its own limit: never refused, only asked to prove itself. */
		outcome->reason = WEIR_REASON_UNDER_LIMIT;
	return 0;
}

/*
 * Remembers what became of a request, and tells of it. `how`: the reason how it was carried out,
 * and above its eight bits whether it goes on.
 */
static __always_inline int weir_follow(void *ctx, enum weir_hook hook,
				       const struct weir_facts *facts,
				       const struct weir_outcome *outcome, struct weir_stats *stats,
				       __u32 how)
{
	const struct weir_control *control = &weir_control;
	const struct weir_settings *set = weir_active(control);
	__u32 passes = how >> 8;
	__u64 id;

	if (!facts || !outcome || !stats)
		return 0;
	id = weir_connection_id(facts);
	weir_note_request(facts, id, !passes, outcome->request, stats);
	if (control->present & WEIR_TELLING)
		weir_tell_request(facts, outcome, id, how & 63, stats);
	if (!passes || !outcome->is_real ||
	    WEIR_READ_EVENT(outcome->request) != WEIR_EVENT_REQUEST ||
	    !set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)].repeats)
		return 0;
	return hook == WEIR_HOOK_XDP ? weir_note_running_xdp(ctx, facts, outcome->service, stats)
				     : weir_note_running_tc(ctx, facts, outcome->service, stats);
}

__noinline int weir_follow_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
			       const struct weir_outcome *outcome, struct weir_stats *stats,
			       __u32 how)
{
	return weir_follow(ctx, WEIR_HOOK_XDP, facts, outcome, stats, how);
}

__noinline int weir_follow_tc(struct __sk_buff *skb, const struct weir_facts *facts,
			      const struct weir_outcome *outcome, struct weir_stats *stats,
			      __u32 how)
{
	return weir_follow(skb, WEIR_HOOK_TC, facts, outcome, stats, how);
}

/* The one exit. Returns enum weir_fate. */
static __always_inline int weir_settle(void *ctx, enum weir_hook hook,
				       const struct weir_control *control,
				       const struct weir_settings *set, struct weir_stats *stats,
				       const struct weir_facts *facts, struct weir_outcome *outcome)
{
	__u32 verdict = weir_reason_verdict(outcome->reason), reason;
	struct weir_event_counters *counters = NULL;
	int fate;

	if (hook == WEIR_HOOK_XDP && WEIR_UNLIKELY(outcome->answer != WEIR_ACTION_DROP)) {
		weir_answer_xdp(ctx, facts, stats, outcome);
		/* For the verifier. */
		outcome->reason &= 63;
		verdict = weir_reason_verdict(outcome->reason);
	}
	reason = outcome->reason;
	if (outcome->count) {
		counters =
		    &stats->events[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)]
				  [outcome->event & (WEIR_EVENT_SLOTS - 1)][facts->family & 1];
		counters->events += outcome->events;
	}
	if (verdict != WEIR_VERDICT_PASS) {
		/* Of one that is turned away its own limit had nothing to say. */
		if (outcome->reason == WEIR_REASON_TURNED_AWAY)
			counters = NULL;
		reason = weir_carry_out(control, set, stats, facts, verdict, outcome, counters);
		weir_note_hindered(facts, stats, outcome, verdict, reason, counters != NULL);
		if (WEIR_UNLIKELY((weir_is_worth_a_notice(outcome->serial) || outcome->ban_due ||
				   (outcome->answer != WEIR_ACTION_DROP && outcome->request)) &&
				  reason != WEIR_REASON_ALLOWED && reason != WEIR_REASON_FLOODED)) {
			outcome->is_observed = reason == WEIR_REASON_OBSERVED;
			if (hook == WEIR_HOOK_XDP)
				weir_notify_xdp(ctx, facts, outcome);
			else
				weir_notify_tc(ctx, facts, outcome);
		}
	}
	if (reason < WEIR_REASON_COUNT)
		stats->reasons[reason]++;
	fate = verdict == WEIR_VERDICT_PASS || reason != outcome->reason ? WEIR_FATE_PASS
	       : outcome->answer == WEIR_ACTION_DROP			 ? WEIR_FATE_DROP
									 : WEIR_FATE_ANSWER;
	if (outcome->request) {
		if (hook == WEIR_HOOK_XDP)
			weir_follow_xdp(ctx, facts, outcome, stats,
					reason | (fate == WEIR_FATE_PASS) << 8);
		else
			weir_follow_tc(ctx, facts, outcome, stats,
				       reason | (fate == WEIR_FATE_PASS) << 8);
	}
	if (fate == WEIR_FATE_ANSWER)
		stats->answers[outcome->answer & (WEIR_ACTION_SLOTS - 1)]++;
	return fate;
}

#endif
