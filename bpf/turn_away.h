/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Answers a packet in the server's place: with a page that says why, or with a reset. XDP only;
 * see write.h.
 */
#ifndef WEIR_TURN_AWAY_H
#define WEIR_TURN_AWAY_H

#include "turned.h"
#include "write.h"

/*
 * Beyond these, silence: an answer is a courtesy. But who is at his address and hears nothing sends
 * the same again and again, later each time, until his window has passed and he is let in.
 */
#define WEIR_ANSWERS_A_SECOND	  10000 /* and CPU */
#define WEIR_ANSWERS_FOR_A_SOURCE 50	/* and second */
/* The same, on his own connections: a page, and the end of the connection, of 250 of them. */
#define WEIR_ANSWERS_FOR_A_CLIENT 500

/* Takes one from a second's share of all sources, and of this one. */
static __always_inline int weir_may_turn_away(const struct weir_settings *set,
					      const struct weir_facts *facts, __u32 most,
					      struct weir_stats *stats)
{
	__u64 id = weir_id_of(set, facts, weir_event_salt(0, WEIR_EVENT_KICK));
	__u32 index = (__u32)id & (WEIR_COURTESIES - 1), count = 0;
	__u64 second = weir_now_ms(stats) / 1000, word;
	struct weir_courtesy *courtesy = bpf_map_lookup_elem(&courtesies, &index);

	if (!courtesy)
		return 0;
	if (stats->answer_second != second) {
		stats->answer_second = second;
		stats->answer_count = 0;
	}
	word = WEIR_LOAD(&courtesy->word);
	if (word >> 32 == id >> 32 && (__u16)(word >> 16) == (__u16)second)
		count = (__u16)word;
	if (stats->answer_count >= WEIR_ANSWERS_A_SECOND || count >= most)
		return 0;
	stats->answer_count++;
	WEIR_STORE(&courtesy->word, id >> 32 << 32 | (__u32)(__u16)second << 16 | (count + 1));
	return 1;
}

/*
 * Turns a packet away with the page (`with_page`: it is a request on a connection of this host), or
 * where there is no room for that, with a reset. `is_real`: it belongs to such a connection.
 * Returns enum weir_action: what was done, or WEIR_ACTION_DROP.
 */
__noinline int weir_turn_away_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				  struct weir_stats *stats, __u32 with_page, __u32 is_real)
{
	const struct weir_settings *set = weir_active(&weir_control);
	struct weir_desk *desk = weir_my_desk();
	const struct weir_reply *reply = &set->reply;
	struct weir_answer answer;

	/* Never to a reset: RFC 9293, 3.10.7.1. */
	if (!facts || !stats || !desk || facts->flags & WEIR_TCP_RST || !weir_is_to_one(ctx) ||
	    !weir_load_handshake(ctx, WEIR_HOOK_XDP, facts, &desk->handshake) ||
	    !weir_may_turn_away(
		set, facts, is_real ? WEIR_ANSWERS_FOR_A_CLIENT : WEIR_ANSWERS_FOR_A_SOURCE, stats))
		return WEIR_ACTION_DROP;
	if (with_page && reply->length) {
		weir_make_reply(&answer, facts, desk->handshake.tcp, reply->length, reply->sum);
		if (weir_write(ctx, facts, desk, &answer, reply->text))
			return WEIR_ACTION_REPLY;
	}
	weir_make_reset(&answer, facts);
	return weir_write(ctx, facts, desk, &answer, NULL) ? WEIR_ACTION_RESET : WEIR_ACTION_DROP;
}

/*
 * Acknowledges what a client sends on a connection that the host never heard of: more of a request
 * that was answered already, or its end. Returns enum weir_action: what was done, or
 * WEIR_ACTION_DROP.
 */
__noinline int weir_part_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
			     struct weir_stats *stats)
{
	const struct weir_settings *set = weir_active(&weir_control);
	struct weir_desk *desk = weir_my_desk();
	struct weir_answer answer;

	if (!facts || !stats || !desk || !weir_is_to_one(ctx) ||
	    !weir_load_handshake(ctx, WEIR_HOOK_XDP, facts, &desk->handshake) ||
	    !weir_may_turn_away(set, facts, WEIR_ANSWERS_FOR_A_CLIENT, stats))
		return WEIR_ACTION_DROP;
	/* Who still acknowledges the cookie was sent no page, and waits for the other end's FIN. */
	weir_make_ack(&answer, facts,
		      facts->flags & WEIR_TCP_FIN && weir_has_cookie(ctx, WEIR_HOOK_XDP, facts));
	return weir_write(ctx, facts, desk, &answer, NULL) ? WEIR_ACTION_ACKNOWLEDGE
							   : WEIR_ACTION_DROP;
}

#endif
