/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What crosses the border between kernel and user space: the values of the pinned maps and
 * the records of the notice ring. Compiles as BPF C, C11 and C++. Every change of a size or
 * of a meaning raises WEIR_LAYOUT, which is part of the pin directory's name.
 *
 * Times: `_ns` is CLOCK_BOOTTIME in nanoseconds, `_ms` the same clock in milliseconds.
 * Addresses are in network byte order, IPv4 as v4-mapped IPv6 (RFC 4291, 2.5.5.2).
 * Ports and all other numbers are in host byte order.
 */
#ifndef WEIR_ABI_H
#define WEIR_ABI_H

#include "abi/base.h"
#include "abi/sources.h"
#include "abi/bans.h"
#include "abi/settings.h"
#include "abi/counters.h"
#include "abi/connections.h"
#include "abi/records.h"

#endif
