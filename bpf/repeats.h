/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Finds requests for a URL that the same source is just being answered (SEEDS S7). */
#ifndef WEIR_REPEATS_H
#define WEIR_REPEATS_H

#include "connection.h"
#include "lib/repeat.h"

static __always_inline __u64 weir_running_id(const struct weir_facts *facts,
					     const struct weir_desk *desk, __u32 service)
{
	return weir_mix(weir_id_of(weir_active(&weir_control), facts,
				   weir_event_salt(service, WEIR_EVENT_RUNNING)),
			desk->reader.url) |
	       1;
}

static __always_inline struct weir_running *weir_running_of(__u64 id)
{
	__u32 index = weir_running_index(id);

	return bpf_map_lookup_elem(&running, &index);
}

/* Whether the server has sent nothing yet since a request was let through. */
static __always_inline int weir_is_unanswered(void *ctx, const struct weir_running *running)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;
	struct tcp_sock *tcp;
	int is_unanswered = 0;
	__u32 size;

	if (running->family) {
		__builtin_memcpy(tuple.ipv6.saddr, running->addr, sizeof(running->addr));
		__builtin_memcpy(tuple.ipv6.daddr, running->local, sizeof(running->local));
		tuple.ipv6.sport = running->source_port;
		tuple.ipv6.dport = running->port;
		size = sizeof(tuple.ipv6);
	} else {
		tuple.ipv4.saddr = running->addr[0];
		tuple.ipv4.daddr = running->local[0];
		tuple.ipv4.sport = running->source_port;
		tuple.ipv4.dport = running->port;
		size = sizeof(tuple.ipv4);
	}
	sock = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sock);
	if (tcp)
		is_unanswered = sock->state == BPF_TCP_ESTABLISHED && tcp->snd_nxt == running->ack;
	bpf_sk_release(sock);
	return is_unanswered;
}

/*
 * Whether the request on the desk is a repeat: returns which in its minute, or 0. `service`: index
 * + 1.
 */
static __always_inline int weir_repeat(void *ctx, const struct weir_facts *facts, __u32 service,
				       struct weir_stats *stats)
{
	struct weir_desk *desk = weir_my_desk();
	struct weir_running *entry;
	__u64 id, now_ms;

	if (!facts || !stats || !desk || !desk->reader.url)
		return 0;
	id = weir_running_id(facts, desk, service);
	entry = weir_running_of(id);
	if (!entry || entry->id != id)
		return 0;
	now_ms = weir_now_ms(stats);
	weir_repeat_minute(entry, now_ms);
	if (!weir_is_closed(entry) &&
	    (!weir_is_slow(entry, now_ms) || !weir_is_unanswered(ctx, entry)))
		return 0;
	return (int)(++entry->repeats & 0xffff);
}

__noinline int weir_repeat_xdp(struct xdp_md *ctx, const struct weir_facts *facts, __u32 service,
			       struct weir_stats *stats)
{
	return weir_repeat(ctx, facts, service, stats);
}

__noinline int weir_repeat_tc(struct __sk_buff *skb, const struct weir_facts *facts, __u32 service,
			      struct weir_stats *stats)
{
	return weir_repeat(skb, facts, service, stats);
}

/* The request on the desk was let through. */
static __always_inline int weir_note_running(void *ctx, enum weir_hook hook,
					     const struct weir_facts *facts, __u32 service,
					     struct weir_stats *stats)
{
	struct weir_desk *desk = weir_my_desk();
	struct weir_running *entry;
	__u64 id, now_ms;

	if (!facts || !stats || !desk || !desk->reader.url)
		return 0;
	id = weir_running_id(facts, desk, service);
	entry = weir_running_of(id);
	if (!entry)
		return 0;
	now_ms = weir_now_ms(stats);
	if (entry->id != id) {
		entry->id = id;
		entry->minute_ms = now_ms;
		entry->repeats = 0;
	}
	entry->begun_ms = now_ms;
	entry->ack = facts->ack;
	entry->family = facts->family;
	if (facts->family)
		weir_load_bytes(ctx, hook, facts->ip_offset + offsetof(struct ipv6hdr, saddr),
				entry->addr, sizeof(entry->addr) + sizeof(entry->local));
	else if (weir_load_bytes(ctx, hook, facts->ip_offset + offsetof(struct iphdr, saddr),
				 entry->addr, 4) ||
		 weir_load_bytes(ctx, hook, facts->ip_offset + offsetof(struct iphdr, daddr),
				 entry->local, 4))
		return 0;
	return !weir_load_bytes(ctx, hook, facts->tcp_offset, &entry->source_port, 4);
}

__noinline int weir_note_running_xdp(struct xdp_md *ctx, const struct weir_facts *facts,
				     __u32 service, struct weir_stats *stats)
{
	return weir_note_running(ctx, WEIR_HOOK_XDP, facts, service, stats);
}

__noinline int weir_note_running_tc(struct __sk_buff *skb, const struct weir_facts *facts,
				    __u32 service, struct weir_stats *stats)
{
	return weir_note_running(skb, WEIR_HOOK_TC, facts, service, stats);
}

#endif
