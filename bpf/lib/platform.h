/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The few words that differ between BPF C and the host, so that the pure headers of this
 * folder compile for both. No logic.
 */
#ifndef WEIR_PLATFORM_H
#define WEIR_PLATFORM_H

#include <linux/types.h>

#include "weir/abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Where the compiler should keep its registers for. */
#define WEIR_LIKELY(condition)	 __builtin_expect(!!(condition), 1)
#define WEIR_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Shared words are read and written whole and exactly once; ordering is never relied on. */
#ifdef __bpf__
#include <bpf/bpf_endian.h>
#define WEIR_LOAD(pointer)	   (*(const volatile typeof(*(pointer)) *)(pointer))
#define WEIR_STORE(pointer, value) (*(volatile typeof(*(pointer)) *)(pointer) = (value))
#define weir_ntohs(value)	   bpf_ntohs(value)
#define weir_ntohl(value)	   bpf_ntohl(value)
#define weir_htonl(value)	   bpf_htonl(value)
#define weir_htons(value)	   bpf_htons(value)
#else
#include <arpa/inet.h>
#define WEIR_LOAD(pointer)	   __atomic_load_n(pointer, __ATOMIC_RELAXED)
#define WEIR_STORE(pointer, value) __atomic_store_n(pointer, value, __ATOMIC_RELAXED)
#define weir_ntohs(value)	   ntohs(value)
#define weir_ntohl(value)	   ntohl(value)
#define weir_htonl(value)	   htonl(value)
#define weir_htons(value)	   htons(value)
#endif

/* The value before; the exchange took place when it is `expected`. clang: BPF_CMPXCHG. */
#define WEIR_CAS(pointer, expected, desired) __sync_val_compare_and_swap(pointer, expected, desired)
#define WEIR_ADD(pointer, value)	     __sync_fetch_and_add(pointer, value)
/* A store that all stores before it come before. clang: BPF_XCHG, which orders as a full barrier.
 */
#define WEIR_PUBLISH(pointer, value) ((void)__sync_lock_test_and_set(pointer, value))
#define WEIR_OR(pointer, value)	     __sync_fetch_and_or(pointer, value)

#endif
