/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What differs between XDP and tc: where the frame is. */
#ifndef WEIR_HOOK_H
#define WEIR_HOOK_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "lib/facts.h"

/* Where the frame comes from: copying bytes out of it is all that differs. */
enum weir_hook { WEIR_HOOK_XDP, WEIR_HOOK_TC };

/* What becomes of a packet. */
enum weir_fate { WEIR_FATE_PASS, WEIR_FATE_DROP, WEIR_FATE_ANSWER };

static __always_inline long weir_load_bytes(void *ctx, enum weir_hook hook, __u32 offset, void *to,
					    __u32 size)
{
	return hook == WEIR_HOOK_XDP ? bpf_xdp_load_bytes(ctx, offset, to, size)
				     : bpf_skb_load_bytes(ctx, offset, to, size);
}

static __always_inline struct weir_frame weir_frame_xdp(const struct xdp_md *ctx)
{
	return (struct weir_frame){
	    .data = (const __u8 *)(long)ctx->data,
	    .end = (const __u8 *)(long)ctx->data_end,
	    .length = ctx->data_end - ctx->data,
	};
}

static __always_inline struct weir_frame weir_frame_tc(const struct __sk_buff *skb)
{
	return (struct weir_frame){
	    .data = (const __u8 *)(long)skb->data,
	    .end = (const __u8 *)(long)skb->data_end,
	    .length = skb->len,
	};
}

#endif
