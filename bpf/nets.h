/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A source among networks. */
#ifndef WEIR_NETS_H
#define WEIR_NETS_H

#include "lib/facts.h"
#include "maps.h"

static __always_inline void weir_net_key(const struct weir_facts *facts, struct weir_net *key)
{
	key->prefixlen = 32 + (facts->family ? 128 : 32);
	key->family = bpf_htonl(facts->family ? 6 : 4);
	key->addr[0] = facts->family ? facts->addr[0] : facts->addr[3];
	key->addr[1] = facts->family ? facts->addr[1] : 0;
	key->addr[2] = facts->family ? facts->addr[2] : 0;
	key->addr[3] = facts->family ? facts->addr[3] : 0;
}

/* A global function: inlined, each way to a key would be checked with each reason for asking. */
__noinline int weir_is_allowed(const struct weir_facts *facts)
{
	struct weir_net key;

	if (!facts || facts->layer == WEIR_LAYER_NONE)
		return 0;
	weir_net_key(facts, &key);
	return bpf_map_lookup_elem(&allow_nets, &key) != NULL;
}

#endif
