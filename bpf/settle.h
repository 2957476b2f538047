/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The one exit: counts a verdict, tells of it, and says whether the packet goes on. */
#ifndef WEIR_SETTLE_H
#define WEIR_SETTLE_H

#include "judge.h"
#include "notices.h"

static __always_inline int weir_is_allowed(const struct weir_facts *facts)
{
	struct weir_net key;

	if (facts->layer == WEIR_LAYER_NONE)
		return 0;
	weir_net_key(facts, &key);
	return bpf_map_lookup_elem(&allow_nets, &key) != NULL;
}

/* Counts a verdict other than pass in the way that it was carried out; returns the reason why. */
static __always_inline __u32 weir_carry_out(const struct weir_control *control,
					    const struct weir_settings *set,
					    struct weir_stats *stats,
					    const struct weir_facts *facts, __u32 verdict,
					    __u32 reason, struct weir_event_counters *counters)
{
	if (WEIR_UNLIKELY(control->present & WEIR_HAVE_ALLOW_NETS) && weir_is_allowed(facts)) {
		if (counters)
			counters->allow++;
		return WEIR_REASON_ALLOWED;
	}
	if (WEIR_UNLIKELY(set->mode != WEIR_MODE_ENFORCE)) {
		stats->observed[verdict]++;
		if (counters && verdict == WEIR_VERDICT_THROTTLE)
			counters->observed_throttle++;
		else if (counters)
			counters->observed_kick++;
		return WEIR_REASON_OBSERVED;
	}
	if (counters && verdict == WEIR_VERDICT_THROTTLE)
		counters->throttle++;
	else if (counters)
		counters->kick++;
	return reason;
}

/* Answers a SYN with a challenge where that is possible. Returns enum weir_challenged. */
static __always_inline int weir_try_challenge(void *ctx, enum weir_hook hook,
					      const struct weir_control *control,
					      const struct weir_settings *set,
					      const struct weir_facts *facts,
					      struct weir_stats *stats)
{
	if (hook != WEIR_HOOK_XDP || !(control->present & WEIR_CAN_CHALLENGE) ||
	    set->mode != WEIR_MODE_ENFORCE ||
	    (control->present & WEIR_HAVE_ALLOW_NETS && weir_is_allowed(facts)))
		return WEIR_CHALLENGE_NO;
	return weir_challenge_xdp(ctx, facts, stats);
}

/* The one exit. Returns enum weir_fate. */
static __always_inline int weir_settle(void *ctx, enum weir_hook hook,
				       const struct weir_control *control,
				       const struct weir_settings *set, struct weir_stats *stats,
				       const struct weir_facts *facts, struct weir_outcome *outcome)
{
	__u32 verdict = weir_reason_verdict(outcome->reason), reason;
	struct weir_event_counters *counters = NULL;
	int challenged = WEIR_CHALLENGE_NO;

	if (WEIR_UNLIKELY(outcome->may_answer)) {
		challenged = weir_try_challenge(ctx, hook, control, set, facts, stats);
		if (challenged == WEIR_CHALLENGE_TRICKLE)
			outcome->reason = WEIR_REASON_TRICKLED;
		else if (challenged == WEIR_CHALLENGE_NO && set->mode == WEIR_MODE_ENFORCE &&
			 outcome->reason == WEIR_REASON_FLOODED)
			/* Under its own limit: never refused, only asked to prove itself. */
			outcome->reason = WEIR_REASON_UNDER_LIMIT;
		verdict = weir_reason_verdict(outcome->reason);
	}
	reason = outcome->reason;
	if (outcome->count) {
		counters =
		    &stats->events[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)]
				  [outcome->event & (WEIR_EVENT_COUNT - 1)][facts->family & 1];
		counters->events++;
	}
	if (verdict != WEIR_VERDICT_PASS) {
		reason = weir_carry_out(control, set, stats, facts, verdict, reason, counters);
		if (WEIR_UNLIKELY(weir_is_worth_a_notice(outcome->serial) &&
				  reason != WEIR_REASON_ALLOWED && reason != WEIR_REASON_FLOODED)) {
			/* A copy: the outcome itself need not be in memory for this. */
			struct weir_outcome told = *outcome;

			told.is_observed = reason == WEIR_REASON_OBSERVED;
			if (hook == WEIR_HOOK_XDP)
				weir_notify_xdp(ctx, facts, &told);
			else
				weir_notify_tc(ctx, facts, &told);
		}
	}
	if (reason < WEIR_REASON_COUNT)
		stats->reasons[reason]++;
	if (verdict == WEIR_VERDICT_PASS || reason != outcome->reason)
		return WEIR_FATE_PASS;
	if (challenged != WEIR_CHALLENGE_SENT)
		return WEIR_FATE_DROP;
	stats->answers[WEIR_ACTION_CHALLENGE]++;
	return WEIR_FATE_ANSWER;
}

#endif
