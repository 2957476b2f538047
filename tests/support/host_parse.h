/* SPDX-License-Identifier: BSD-2-Clause */
/* The parsers of bpf/lib, which are C, compiled for the host. */
#ifndef WEIR_HOST_PARSE_H
#define WEIR_HOST_PARSE_H

#ifdef __cplusplus
extern "C" {
#endif

#include "lib/facts.h"

/* The long way; `reach` of `length` bytes are linear. */
void weir_host_parse(const unsigned char* frame, unsigned reach, unsigned length,
                     struct weir_facts* facts);
/* The short way. Of bulk data only the source and the port; MISTAKEN: the two looks at it differ.
 */
enum { WEIR_HOST_OTHER, WEIR_HOST_BULK, WEIR_HOST_PLAIN, WEIR_HOST_MISTAKEN };
int weir_host_parse_plain(const unsigned char* frame, unsigned reach, unsigned length,
                          struct weir_facts* facts);
/* enum weir_event that it may be, or WEIR_EVENT_COUNT. */
unsigned weir_host_event_of(const struct weir_facts* facts, unsigned protocol);

#ifdef __cplusplus
}
#endif

#endif
