/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Facts and tables → the reason for a verdict. What is written here is what the meters count;
 * the verdict is carried out in settle.h.
 */
#ifndef WEIR_JUDGE_H
#define WEIR_JUDGE_H

#include "ban.h"
#include "challenge.h"
#include "clock.h"
#include "connection.h"
#include "lib/event.h"
#include "lib/facts.h"
#include "lib/held.h"
#include "maps.h"
#include "meter.h"

struct weir_outcome {
	__u32 reason;	   /* enum weir_reason, as mode enforce has it */
	__u32 service;	   /* index + 1; 0: none */
	__u32 event;	   /* enum weir_event; only when count > 0 */
	__u32 count;	   /* number in its window; 0: not a new event */
	__u32 serial;	   /* number in a row of such verdicts; 1: the first */
	__u32 is_observed; /* the mode was observe: it was not carried out */
	__u32 may_answer;  /* it is a SYN that a challenge is the action for */
};

static __always_inline void weir_net_key(const struct weir_facts *facts, struct weir_net *key)
{
	key->prefixlen = 32 + (facts->family ? 128 : 32);
	key->family = bpf_htonl(facts->family ? 6 : 4);
	key->addr[0] = facts->family ? facts->addr[0] : facts->addr[3];
	key->addr[1] = facts->family ? facts->addr[1] : 0;
	key->addr[2] = facts->family ? facts->addr[2] : 0;
	key->addr[3] = facts->family ? facts->addr[3] : 0;
}

/*
 * Looks for a ban in force: `is_ours` when the packet is to a protected port, or may belong to
 * one. Returns the reason, and above its 32 bits how often that was; 0 when there is none.
 */
__noinline __u64 weir_judge_bans(const struct weir_facts *facts, __u32 is_ours,
				 struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u32 present = weir_control.present;

	if (!facts || !stats)
		return 0;
	if (present & WEIR_HAVE_BANS) {
		__u64 id = weir_id_of(set, facts, 0);
		__u64 until = weir_find_ban(id);

		if (until && weir_is_banned(until, is_ours, weir_now_ms(stats))) {
			__u64 serial = weir_next_banned(id, stats);

			stats->ban_dropped++;
			return serial << 32 | WEIR_REASON_BANNED_SOURCE;
		}
	}
	if (present & WEIR_HAVE_BAN_NETS) {
		struct weir_ban *ban;
		struct weir_net key;

		weir_net_key(facts, &key);
		ban = bpf_map_lookup_elem(&ban_nets, &key);
		if (ban && weir_is_banned(weir_ban_until(ban->until_ms, ban->flags), is_ours,
					  weir_now_ms(stats)))
			return (WEIR_ADD(&ban->dropped, 1) + 1) << 32 | WEIR_REASON_BANNED_NET;
	}
	return 0;
}

/*
 * The memory of segments held off. Both are global functions, which the verifier checks once
 * for all callers: their loops, inlined, would multiply every path that leads here.
 */

/* Remembers a segment by its hash. */
__noinline int weir_hold(__u64 hash, __u32 kind)
{
	__u32 index = weir_held_index(hash);
	struct weir_held_set *set = bpf_map_lookup_elem(&held, &index);

	if (set)
		weir_held_put(set, hash, kind, (__u32)weir_precise_ms());
	return 0;
}

/*
 * What becomes of a segment that was held off before and comes again; WEIR_REASON_COUNT when
 * it is not known. Asked before the event is counted, for it is not a new one.
 */
__noinline int weir_judge_again(__u64 hash, __u32 now_ms, __u32 delay_ms)
{
	__u32 index = weir_held_index(hash);
	struct weir_held_set *set = bpf_map_lookup_elem(&held, &index);
	__u64 word = set ? weir_held_find(set, hash, now_ms) : 0;

	if (!word)
		return WEIR_REASON_COUNT;
	if (weir_held_word_kind(word) == WEIR_HELD_KICKED)
		return WEIR_REASON_KICKED_AGAIN;
	/* The first copy behind the delay passes; another that comes at the same time waits. */
	if (set && weir_held_is_over(word, (__u32)weir_precise_ms(), delay_ms) &&
	    weir_held_release(set, word))
		return WEIR_REASON_RELEASED;
	return WEIR_REASON_HELD;
}

static __always_inline __u64 weir_hash_of(const struct weir_control *control,
					  const struct weir_facts *facts)
{
	return weir_segment_hash(control->hash_seed, facts->addr, facts->source_port, facts->port,
				 facts->seq);
}

/* Whether anybody could have sent an event in its source's name. */
__noinline int weir_may_be_forged(const struct weir_facts *facts, __u32 event,
				  struct weir_stats *stats)
{
	return facts && stats &&
	       (event != WEIR_EVENT_REQUEST ||
		!weir_is_proved(weir_connection_hash(facts), facts->seq, weir_now_ms(stats)));
}

/*
 * Judges an event by its limit. A kicked SYN that is sent again is a new attempt: the client's
 * only way in once its window has passed. A kicked request stays kicked, or the retransmissions
 * of clients that have long gone would keep their sources' windows open.
 */
static __always_inline __u32 weir_judge_event(void *ctx, enum weir_hook hook,
					      const struct weir_control *control,
					      const struct weir_settings *set,
					      const struct weir_facts *facts,
					      struct weir_stats *stats,
					      struct weir_outcome *outcome)
{
	const struct weir_service *service =
	    &set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)];
	const struct weir_limit *limit = &service->limits[outcome->event & (WEIR_EVENT_COUNT - 1)];
	int proof = WEIR_PROOF_NONE, may_be_forged = 0;
	__u64 id = weir_id_of(set, facts, weir_event_salt(outcome->service, outcome->event));
	struct weir_metered metered;
	struct weir_state state;
	__u64 now_ms;

	if (!limit->enabled)
		return WEIR_REASON_NO_EVENT;
	now_ms = weir_now_ms(stats);
	if (WEIR_UNLIKELY(weir_is_sketching(stats, now_ms)))
		may_be_forged = weir_may_be_forged(facts, outcome->event, stats);
	if (!weir_find_state(limit, id, facts, may_be_forged, stats, &state))
		return WEIR_REASON_UNTRACKED;
	if (WEIR_UNLIKELY(weir_is_held(&state))) {
		__u32 reason =
		    weir_judge_again(weir_hash_of(control, facts), (__u32)now_ms, limit->delay_ms);

		if (reason != WEIR_REASON_COUNT)
			return reason;
	}
	/* Or anybody could use up another's limit with forged segments. */
	if (outcome->event == WEIR_EVENT_REQUEST &&
	    WEIR_UNLIKELY(!weir_is_proved(weir_connection_hash(facts), facts->seq, now_ms))) {
		proof = hook == WEIR_HOOK_XDP ? weir_prove_xdp(ctx, facts, stats)
					      : weir_prove_tc(ctx, facts, stats);
		if (proof == WEIR_PROOF_STRAY)
			return WEIR_REASON_STRAY;
	}
	metered = weir_meter(limit, id, now_ms, stats, &state);
	outcome->count = metered.count;
	outcome->serial = metered.serial;
	if (WEIR_UNLIKELY(proof == WEIR_PROOF_GENUINE))
		weir_validate(facts, stats);
	if (metered.level == WEIR_LEVEL_PASS) {
		if (outcome->event == WEIR_EVENT_SYN && service->flood_rate &&
		    control->present & WEIR_CAN_CHALLENGE &&
		    weir_is_suspect(facts, outcome->service, service->flood_rate, stats)) {
			outcome->may_answer = 1;
			return WEIR_REASON_FLOODED;
		}
		return WEIR_REASON_UNDER_LIMIT;
	}
	if (metered.level == WEIR_LEVEL_CONTENDED)
		return WEIR_REASON_CONTENDED;
	if (set->mode == WEIR_MODE_ENFORCE &&
	    (metered.level == WEIR_LEVEL_THROTTLE || outcome->event == WEIR_EVENT_REQUEST)) {
		weir_set_held(&state, metered.word);
		weir_hold(weir_hash_of(control, facts), metered.level == WEIR_LEVEL_KICK
							    ? WEIR_HELD_KICKED
							    : WEIR_HELD_THROTTLED);
	}
	if (metered.level == WEIR_LEVEL_THROTTLE)
		return WEIR_REASON_THROTTLED;
	outcome->may_answer =
	    outcome->event == WEIR_EVENT_SYN && limit->action == WEIR_ACTION_CHALLENGE;
	return WEIR_REASON_OVER_LIMIT;
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
	outcome->may_answer = 0;
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
		outcome->event = weir_event_of(
		    facts, set->services[(outcome->service - 1) & (WEIR_SERVICE_MAX - 1)].protocol);
		outcome->reason =
		    outcome->event < WEIR_EVENT_COUNT
			? weir_judge_event(ctx, hook, control, set, facts, stats, outcome)
			: WEIR_REASON_NO_EVENT;
		/* While SYNs are answered by cookie, whoever acknowledges one has proved himself.
		 */
		if (WEIR_UNLIKELY(present & WEIR_CHALLENGING &&
				  outcome->reason == WEIR_REASON_NO_EVENT))
			hook == WEIR_HOOK_XDP ? weir_witness_xdp(ctx, facts, stats)
					      : weir_witness_tc(ctx, facts, stats);
	}
}

#endif
