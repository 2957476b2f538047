/* SPDX-License-Identifier: BSD-2-Clause */
/* What all of it is made of. See weir/abi.h. */
#ifndef WEIR_ABI_BASE_H
#define WEIR_ABI_BASE_H

#include <linux/types.h>

#include "weir/verdict.h"

#ifdef __cplusplus
#define WEIR_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define WEIR_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define WEIR_LAYOUT 9

#define WEIR_SERVICE_MAX   16 /* services in one settings block */
#define WEIR_INTERFACE_MAX 32 /* interfaces one agent filters */
#define WEIR_FAMILY_COUNT  2  /* 0: IPv4, 1: IPv6 */
#define WEIR_PORT_COUNT	   65536
#define WEIR_ACTION_SLOTS  8 /* the same for actions */
#define WEIR_EVENT_SLOTS   4 /* room for events, a power of two */
WEIR_STATIC_ASSERT(WEIR_EVENT_COUNT <= WEIR_EVENT_SLOTS, "room for all");

#define WEIR_FLOOD_RATE_MAX 100000000u

/* A limit's bounds; configuration is checked against them before it reaches the kernel. */
#define WEIR_TO_MUCH_MAX    65535
#define WEIR_TIMEOUT_MS_MAX (7u * 24 * 3600 * 1000)
#define WEIR_DELAY_MS_MAX   (60u * 1000)

#endif
