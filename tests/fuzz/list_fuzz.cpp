// SPDX-License-Identifier: BSD-2-Clause
// Lists of bans from anybody's files, and the queries of requests. Nothing throws; what is accepted
// is in order and within its bounds.
#include "api/query.h"
#include "bans/ban_list.h"
#include "fuzz.h"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(text_of(data, size));
  const WallTime now = parse_time("2026-11-22T00:00:00Z").value();
  if (const auto list = read_ban_list(text, now)) {
    const Prefix* last = nullptr;
    for (const ListedBan& ban : list->bans) {
      WEIR_CHECK(last == nullptr || *last < ban.prefix);
      last = &ban.prefix;
      WEIR_CHECK(!ban.until || *ban.until > now);
      WEIR_CHECK(ban.times >= 1 && ban.texts != nullptr);
      WEIR_CHECK(ban.texts->reason.size() <= kListedTextMax);
      WEIR_CHECK(find_ban(*list, ban.prefix.address()) != nullptr);
    }
  } else {
    WEIR_CHECK(is_one_line(list.error().message));
  }
  if (const auto time = parse_time(text)) WEIR_CHECK(parse_time(format_time(*time)) == *time);
  if (const auto query = Query::parse(text, {"for", "reason", "force"})) {
    if (const auto reason = query->value("reason")) WEIR_CHECK(reason->size() <= text.size());
  } else {
    WEIR_CHECK(is_one_line(query.error().message));
  }
  return 0;
}
