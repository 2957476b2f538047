/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_parse.h"

#include <string.h>

#include "lib/event.h"
#include "lib/parse_plain.h"

void weir_host_parse(const unsigned char* data, unsigned reach, unsigned length,
                     struct weir_facts* facts) {
  const struct weir_frame frame = {data, data + reach, length};
  __be16 type = 0;
  __u32 offset;

  memset(facts, 0, sizeof(*facts));
  offset = weir_parse_link(&frame, &type, facts);
  if (offset) weir_parse_ip(&frame, offset, type, facts);
}

int weir_host_parse_plain(const unsigned char* data, unsigned reach, unsigned length,
                          struct weir_facts* facts) {
  const struct weir_frame frame = {data, data + reach, length};
  struct weir_plain plain;
  __u16 port = 0;
  const int is_bulk = weir_is_bulk(&frame, &port);

  for (int is_v6 = 0; is_v6 < 2; is_v6++) {
    if (!weir_parse_plain_head(&frame, is_v6, &plain)) continue;
    weir_parse_plain_source(&frame, is_v6, facts);
    if (!is_v6 && (is_bulk != weir_is_plain_bulk(&plain) || (is_bulk && port != plain.port)))
      return WEIR_HOST_MISTAKEN;
    facts->port = plain.port;
    if (weir_is_plain_bulk(&plain)) return WEIR_HOST_BULK;
    if (weir_parse_plain_rest(&frame, &plain, facts)) return WEIR_HOST_PLAIN;
  }
  return is_bulk ? WEIR_HOST_MISTAKEN : WEIR_HOST_OTHER;
}

unsigned weir_host_event_of(const struct weir_facts* facts, unsigned protocol) {
  if (weir_is_syn(facts)) return WEIR_EVENT_SYN;
  return weir_may_be_request(facts, protocol) ? WEIR_EVENT_REQUEST : WEIR_EVENT_COUNT;
}
