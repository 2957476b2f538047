/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Response times (SEEDS S5) without touching the server: from a request's last segment, as it is
 * let through, to the first byte of the answer, which an egress program sees.
 */
#ifndef WEIR_BPF_RESPONSE_H
#define WEIR_BPF_RESPONSE_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include "connection.h"
#include "lib/response.h"
#include "requests.h"

/* The same of the rule that the request was judged by. */
static __always_inline void weir_time_rule(__u32 rule, __u64 us, __u32 class, __u32 bucket)
{
	__u32 index = rule - 1;
	struct weir_responses *responses = bpf_map_lookup_elem(&answered_rules, &index);

	if (!rule || !responses)
		return;
	WEIR_ADD(&responses->count, 1);
	WEIR_ADD(&responses->sum_us, us);
	WEIR_ADD(&responses->statuses[class & (WEIR_STATUS_SLOTS - 1)], 1);
	if (bucket < WEIR_RESPONSE_BUCKETS)
		WEIR_ADD(&responses->buckets[bucket], 1);
}

/* The answer to a packet of the server's: never another verdict. */
static __always_inline int weir_time_answer(struct __sk_buff *skb, const __be32 peer[4],
					    const struct tcphdr *tcp, __u32 offset)
{
	const struct weir_settings *set = weir_active(&weir_control);
	__u32 service = set->port_service[weir_ntohs(tcp->source)], index, class, rule, protocol;
	struct weir_responses *responses;
	struct weir_asked *asking;
	char head[WEIR_STATUS_LENGTH] = {};
	__u64 id, since, told, us;

	if (!service)
		return TC_ACT_UNSPEC;
	protocol = set->services[(service - 1) & (WEIR_SERVICE_MAX - 1)].protocol;
	if (protocol != WEIR_PROTOCOL_HTTP && protocol != WEIR_PROTOCOL_TLS)
		return TC_ACT_UNSPEC;
	offset += tcp->doff * 4;
	if (skb->len <= offset)
		return TC_ACT_UNSPEC;
	id = weir_segment_hash(weir_control.hash_seed, peer, weir_ntohs(tcp->dest),
			       weir_ntohs(tcp->source), 0) |
	     1ull << 63;
	index = weir_asked_index(id);
	asking = bpf_map_lookup_elem(&asked, &index);
	if (!asking || WEIR_LOAD(&asking->id) != id)
		return TC_ACT_UNSPEC;
	since = WEIR_LOAD(&asking->since_ns);
	told = WEIR_LOAD(&asking->told_ns);
	rule = WEIR_LOAD(&asking->rule);
	if (protocol == WEIR_PROTOCOL_HTTP)
		bpf_skb_load_bytes(skb, offset, head, sizeof(head));
	class = weir_status_class(head);
	/* "100 Continue" and its like are not the answer. */
	if (class == 1 || WEIR_CAS(&asking->id, id, 0) != id)
		return TC_ACT_UNSPEC;
	index = service - 1;
	responses = bpf_map_lookup_elem(&answered, &index);
	if (!responses)
		return TC_ACT_UNSPEC;
	us = weir_precise_ns();
	us = us > since ? (us - since) / 1000 : 0;
	responses->count++;
	responses->sum_us += us;
	responses->statuses[class & (WEIR_STATUS_SLOTS - 1)]++;
	index = weir_response_bucket(us);
	if (index < WEIR_RESPONSE_BUCKETS)
		responses->buckets[index]++;
	weir_time_rule(rule, us, class, index);
	weir_tell_answer(id, told, us, class);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int weir_egress(struct __sk_buff *skb)
{
	const void *data = (const void *)(long)skb->data, *end = (const void *)(long)skb->data_end;
	const struct ethhdr *link = data;
	__be32 peer[4] = {0, 0, weir_htonl(0xffff), 0};

	if (!(WEIR_LOAD(&weir_control.present) & WEIR_TIMING) || (const void *)(link + 1) > end)
		return TC_ACT_UNSPEC;
	if (link->h_proto == weir_htons(ETH_P_IP)) {
		const struct iphdr *ip = (const void *)(link + 1);
		const struct tcphdr *tcp = (const void *)(ip + 1);

		if ((const void *)(tcp + 1) > end || ip->ihl != 5 || ip->protocol != IPPROTO_TCP ||
		    ip->frag_off & weir_htons(0x3fff))
			return TC_ACT_UNSPEC;
		peer[3] = ip->daddr;
		return weir_time_answer(skb, peer, tcp, sizeof(*link) + sizeof(*ip));
	}
	if (link->h_proto == weir_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = (const void *)(link + 1);
		const struct tcphdr *tcp = (const void *)(ip + 1);

		if ((const void *)(tcp + 1) > end || ip->nexthdr != IPPROTO_TCP)
			return TC_ACT_UNSPEC;
		__builtin_memcpy(peer, &ip->daddr, sizeof(peer));
		return weir_time_answer(skb, peer, tcp, sizeof(*link) + sizeof(*ip));
	}
	return TC_ACT_UNSPEC;
}

#endif
