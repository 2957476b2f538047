// SPDX-License-Identifier: BSD-2-Clause
// What http services are asked for (issue 6): the paths asked for most, those whose answers took
// longest, and the newest requests. Takes as much memory as is stated here, whatever clients send.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "weir/abi.h"

namespace weir {

// What a path is known by; cleaned.
struct PathKey {
  std::string service, path;
  auto operator<=>(const PathKey&) const = default;
};

// What came to a path since it is in its table.
struct PathCounts {
  std::uint64_t requests = 0, turned_away = 0;
  std::uint64_t answers = 0, total_us = 0, longest_us = 0;
};

// The heaviest of a stream of paths, by Space-Saving (A. Metwally, D. Agrawal, A. El Abbadi:
// "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005): who is new
// and finds no room takes the place of the lightest, and its weight with it. Of a total weight W,
// all paths of more than W / room are here; none is shown too light, and too heavy by its `error`
// at most, which is W / room or less.
class TopPaths {
 public:
  explicit TopPaths(std::size_t room) : room_(room) {}
  TopPaths(TopPaths&&) = default;  // not copied: the order points into the entries
  TopPaths& operator=(TopPaths&&) = default;

  struct Entry {
    std::uint64_t weight = 0, error = 0;
    PathCounts counts;
  };

  // Makes a path heavier, which may put it into the table.
  PathCounts& add(const PathKey& key, std::uint64_t weight);
  // nullptr: it is not in the table.
  PathCounts* find(const PathKey& key);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // Heaviest first.
  [[nodiscard]] std::vector<std::pair<PathKey, Entry>> sorted(std::size_t most) const;

 private:
  // Ordered, for clients choose the keys: they could make a hash table slow.
  using Entries = std::map<PathKey, Entry>;
  struct Lighter {
    bool operator()(Entries::iterator a, Entries::iterator b) const;
  };

  std::size_t room_;
  Entries entries_;
  std::set<Entries::iterator, Lighter> by_weight_;
};

enum class PathOrder { kCount, kTime };
const char* name_of(PathOrder order);  // "count", "time"
std::optional<PathOrder> path_order_of(std::string_view name);

// A path as it is shown.
struct PathView {
  PathKey key;
  PathCounts counts;                 // since it is in the table that it was found in
  std::uint64_t count = 0;           // by count: of requests, with …
  std::uint64_t count_too_high = 0;  // … what it may be too high by
  std::uint64_t total_us = 0;        // by time: of its answers, with …
  std::uint64_t total_us_too_high = 0;
};

// A request that was let through or turned away.
struct RequestView {
  WallTime time;
  Address address;
  std::string service, method, path;  // cleaned; method and path are empty when not known
  weir_event event = WEIR_EVENT_REQUEST;
  weir_reason reason = WEIR_REASON_UNDER_LIMIT;  // as it would be in mode enforce
  bool observed = false;                         // mode was observe: it was let through
  struct Answer {
    unsigned status_class = 0;  // 1 to 5; 0: it was not HTTP
    std::uint64_t us = 0;
  };
  std::optional<Answer> answer;  // not known for each
};
bool was_turned_away(const RequestView& request);

class PathBook {
 public:
  static constexpr std::size_t kPaths = 1000;  // in each of two tables
  static constexpr std::size_t kNewest = 100;
  static constexpr std::size_t kWaiting = 16384;  // requests whose answers may still be told of

  // What a request is known by when its answer is told of.
  struct Id {
    std::uint64_t connection = 0, time_ns = 0;
    bool operator==(const Id&) const = default;
  };

  void take(const Id& id, RequestView request);
  void answer(const Id& id, const RequestView::Answer& answer);

  // Requests whose paths are counted.
  [[nodiscard]] std::uint64_t counted() const { return counted_; }
  [[nodiscard]] std::vector<PathView> top(PathOrder order, std::size_t most) const;
  // The newest one last.
  [[nodiscard]] std::vector<RequestView> newest(std::size_t most) const;
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::uint64_t time_ns = 0;
    PathKey key;
  };
  void wait_for(const Id& id, PathKey key);

  TopPaths by_count_{kPaths}, by_time_{kPaths};
  std::uint64_t counted_ = 0;
  std::deque<std::pair<Id, RequestView>> newest_;
  // By connection: of each the newest request. The ids are a keyed hash, which nobody chooses.
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::deque<Id> waiting_since_;  // oldest first, with some that are not waited for any more
};

// What `weir paths` and `weir requests` show.
struct PathsView {
  WallTime time;
  WallTime since;
  bool is_on = false;
  std::uint64_t seen = 0, counted = 0;  // requests
  PathOrder order = PathOrder::kCount;
  std::vector<PathView> paths;
};

struct RequestsView {
  WallTime time;
  bool is_on = false;
  std::vector<RequestView> requests;
};

}  // namespace weir
