// SPDX-License-Identifier: BSD-2-Clause
// What http services are asked for: from the kernel's records into the book of paths.
#include <algorithm>

#include "agent/agent.h"
#include "agent/request_line.h"

namespace weir {
namespace {

// The times of records are of the boot clock; `wall` and `boot` are one moment on both clocks.
RequestView request_of(const weir_request& record, const Settings& settings, WallTime wall,
                       BootNs boot) {
  RequestView view;
  const auto age = std::chrono::nanoseconds(static_cast<std::int64_t>(boot - record.time_ns));
  view.time = wall - std::chrono::duration_cast<Milliseconds>(age);
  view.address = Address::in_packet(true, record.addr);
  if (record.service > 0 && record.service <= settings.services.size())
    view.service = settings.services[record.service - 1U].name;
  if (record.event < WEIR_EVENT_COUNT) view.event = static_cast<weir_event>(record.event);
  view.reason = static_cast<weir_reason>(record.reason);
  view.observed = record.observed != 0;
  RequestLine line =
      request_line({record.head, std::min<std::size_t>(record.head_length, sizeof record.head)},
                   settings.tells_queries());
  // Without a method it may be anything, and of any of its bytes the path.
  if (line.method.empty()) return view;
  view.method = std::move(line.method);
  view.path = std::move(line.path);
  if (line.is_cut) view.path += "...";
  return view;
}

}  // namespace

// What the kernel told before is of other settings, or of an agent that is no more.
void Agent::begin_paths() {
  data_plane_->tell_requests(configuration_.settings().tells_paths());
  data_plane_->drain_requests({[](const auto&) {}, [](const auto&) {}});
  paths_ = PathBook();
  paths_since_ = clock_->wall();
  seen_before_ = requests_seen();
}

void Agent::drain_requests() {
  const Settings& settings = configuration_.settings();
  const WallTime wall = clock_->wall();
  const BootNs boot = clock_->boot();
  data_plane_->drain_requests(
      {[&](const weir_request& request) {
         paths_.take({request.connection, request.time_ns},
                     request_of(request, settings, wall, boot));
       },
       [&](const weir_request_answer& answer) {
         paths_.answer({answer.connection, answer.time_ns}, {answer.status, answer.duration_us});
       }});
}

PathsView Agent::paths(PathOrder order, std::size_t most) {
  PathsView view;
  // Before the records are read: what comes meanwhile is not missing.
  const std::uint64_t seen = requests_seen() - seen_before_;
  drain_requests();
  view.time = clock_->wall();
  view.since = paths_since_;
  view.is_on = configuration_.settings().tells_paths();
  view.counted = paths_.counted();
  view.seen = std::max(seen, view.counted);
  view.order = order;
  view.paths = paths_.top(order, most);
  return view;
}

RequestsView Agent::requests(std::size_t most) {
  drain_requests();
  return {clock_->wall(), configuration_.settings().tells_paths(), paths_.newest(most)};
}

}  // namespace weir
