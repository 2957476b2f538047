// SPDX-License-Identifier: BSD-2-Clause
#include "stats/paths.h"

#include <algorithm>

namespace weir {

bool TopPaths::Lighter::operator()(Entries::iterator a, Entries::iterator b) const {
  if (a->second.weight != b->second.weight) return a->second.weight < b->second.weight;
  return a->first < b->first;
}

PathCounts& TopPaths::add(const PathKey& key, std::uint64_t weight) {
  auto found = entries_.find(key);
  if (found != entries_.end()) {
    by_weight_.erase(found);
  } else {
    Entry fresh;
    if (entries_.size() >= room_) {
      const auto lightest = *by_weight_.begin();
      fresh.weight = fresh.error = lightest->second.weight;
      by_weight_.erase(by_weight_.begin());
      entries_.erase(lightest);
    }
    found = entries_.emplace(key, fresh).first;
  }
  found->second.weight += weight;
  by_weight_.insert(found);
  return found->second.counts;
}

PathCounts* TopPaths::find(const PathKey& key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second.counts;
}

std::vector<std::pair<PathKey, TopPaths::Entry>> TopPaths::sorted(std::size_t most) const {
  std::vector<std::pair<PathKey, Entry>> heaviest;
  for (auto it = by_weight_.rbegin(); it != by_weight_.rend() && heaviest.size() < most; ++it)
    heaviest.emplace_back((*it)->first, (*it)->second);
  return heaviest;
}

const char* name_of(PathOrder order) { return order == PathOrder::kCount ? "count" : "time"; }

std::optional<PathOrder> path_order_of(std::string_view name) {
  for (const auto order : {PathOrder::kCount, PathOrder::kTime})
    if (name == name_of(order)) return order;
  return std::nullopt;
}

bool was_turned_away(const RequestView& request) {
  const weir_verdict verdict = weir_reason_verdict(request.reason);
  return !request.observed && verdict != WEIR_VERDICT_PASS && verdict != WEIR_VERDICT_ALLOW;
}

void PathBook::take(const Id& id, RequestView request) {
  if (!request.path.empty()) {
    counted_++;
    PathKey key{request.service, request.path};
    PathCounts& counts = by_count_.add(key, 1);
    for (PathCounts* each : {&counts, by_time_.find(key)}) {
      if (each == nullptr) continue;
      each->requests++;
      if (was_turned_away(request)) each->turned_away++;
    }
    if (!was_turned_away(request)) wait_for(id, std::move(key));
  }
  newest_.emplace_back(id, std::move(request));
  if (newest_.size() > kNewest) newest_.pop_front();
}

void PathBook::wait_for(const Id& id, PathKey key) {
  waiting_[id.connection] = {id.time_ns, std::move(key)};
  waiting_since_.push_back(id);
  if (waiting_since_.size() <= kWaiting) return;
  const Id oldest = waiting_since_.front();
  waiting_since_.pop_front();
  const auto found = waiting_.find(oldest.connection);
  if (found != waiting_.end() && found->second.time_ns == oldest.time_ns) waiting_.erase(found);
}

void PathBook::answer(const Id& id, const RequestView::Answer& answer) {
  const auto shown = std::find_if(newest_.rbegin(), newest_.rend(),
                                  [&id](const auto& entry) { return entry.first == id; });
  if (shown != newest_.rend()) shown->second.answer = answer;
  const auto found = waiting_.find(id.connection);
  if (found == waiting_.end() || found->second.time_ns != id.time_ns) return;
  const PathKey key = std::move(found->second.key);
  waiting_.erase(found);
  for (PathCounts* each : {by_count_.find(key), &by_time_.add(key, answer.us)}) {
    if (each == nullptr) continue;
    each->answers++;
    each->total_us += answer.us;
    each->longest_us = std::max(each->longest_us, answer.us);
    // It came into the table with its answer, and was asked for before.
    each->requests = std::max(each->requests, each->answers);
  }
}

std::vector<PathView> PathBook::top(PathOrder order, std::size_t most) const {
  std::vector<PathView> views;
  const bool by_count = order == PathOrder::kCount;
  for (auto& [key, entry] : (by_count ? by_count_ : by_time_).sorted(most)) {
    PathView view{key, entry.counts, entry.counts.requests, 0, entry.counts.total_us, 0};
    (by_count ? view.count : view.total_us) = entry.weight;
    (by_count ? view.count_too_high : view.total_us_too_high) = entry.error;
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<RequestView> PathBook::newest(std::size_t most) const {
  std::vector<RequestView> requests;
  const std::size_t skip = newest_.size() - std::min(most, newest_.size());
  for (std::size_t i = skip; i < newest_.size(); i++) requests.push_back(newest_[i].second);
  return requests;
}

}  // namespace weir
