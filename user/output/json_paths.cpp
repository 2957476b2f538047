// SPDX-License-Identifier: BSD-2-Clause
// What http services are asked for, as JSON: `weir paths` and `weir requests`.
#include "config/names.h"
#include "output/json.h"
#include "output/json_parts.h"

namespace weir {
namespace {

using parts::Json;
using parts::text_or_null;

double ms_of(std::uint64_t us) { return parts::rounded(static_cast<double>(us) / 1000); }

Json listed_path(const PathView& view) {
  const PathCounts& counts = view.counts;
  Json path = {{"service", view.key.service},
               {"path", view.key.path},
               {"count", view.count},
               {"countError", view.count_too_high},
               {"turnedAway", counts.turned_away},
               {"answers", counts.answers},
               {"meanMs", Json()},
               {"longestMs", Json()},
               {"totalMs", ms_of(view.total_us)},
               {"totalMsError", ms_of(view.total_us_too_high)}};
  if (counts.answers == 0) return path;
  path["meanMs"] = ms_of(counts.total_us / counts.answers);
  path["longestMs"] = ms_of(counts.longest_us);
  return path;
}

Json listed_request(const RequestView& request) {
  Json item = {{"time", format_time(request.time)},
               {"address", request.address.text()},
               {"service", request.service},
               {"event", name_of(request.event)},
               {"method", text_or_null(request.method)},
               {"path", text_or_null(request.path)},
               {"verdict", name_of(weir_reason_verdict(request.reason))},
               {"reason", name_of(request.reason)},
               {"observed", request.observed},
               {"status", Json()},
               {"responseMs", Json()}};
  if (!request.answer) return item;
  const unsigned status = request.answer->status_class;
  item["status"] = status == 0 ? "other" : std::to_string(status) + "xx";
  item["responseMs"] = ms_of(request.answer->us);
  return item;
}

}  // namespace

nlohmann::ordered_json paths_json(const PathsView& view) {
  Json list = Json::array();
  for (const PathView& path : view.paths) list.push_back(listed_path(path));
  return {{"schema", parts::kSchema},
          {"time", format_time(view.time)},
          {"since", format_time(view.since)},
          {"enabled", view.is_on},
          {"by", name_of(view.order)},
          {"requests", {{"seen", view.seen}, {"counted", view.counted}}},
          {"sampled", view.counted < view.seen},
          {"capacity", PathBook::kPaths},
          {"paths", std::move(list)}};
}

nlohmann::ordered_json requests_json(const RequestsView& view) {
  Json list = Json::array();
  for (const RequestView& request : view.requests) list.push_back(listed_request(request));
  return {{"schema", parts::kSchema},
          {"time", format_time(view.time)},
          {"enabled", view.is_on},
          {"requests", std::move(list)}};
}

}  // namespace weir
