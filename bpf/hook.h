/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What differs between XDP and tc: where the frame is. */
#ifndef WEIR_HOOK_H
#define WEIR_HOOK_H

#include <linux/bpf.h>

#include "lib/facts.h"

/* Where the frame comes from: copying bytes out of it is all that differs. */
enum weir_hook { WEIR_HOOK_XDP, WEIR_HOOK_TC };

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
