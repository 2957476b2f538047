// SPDX-License-Identifier: BSD-2-Clause
// Pieces that several JSON documents are built from. Private to output/.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/settings.h"
#include "stats/series.h"
#include "stats/snapshot.h"

namespace weir::parts {

using Json = nlohmann::ordered_json;

inline constexpr int kSchema = 1;

inline Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

inline Json time_or_null(const std::optional<WallTime>& time) {
  return time ? Json(format_time(*time)) : Json();
}

// To the microsecond: more is noise.
inline double rounded(double ms) { return std::round(ms * 1000) / 1000; }

// A double is a JSON number either way, but "12" is what a counter reads like.
Json number(double value);
// {"seconds": {"last", "trend", "max"}, "minutes": …}
Json series_by_period(const SeriesViews& views);

Json user_counts(const UserCounts& counts);

// The objects of "limits", in the order of the settings; with "origin" when origins are given.
Json limit_list(const Settings& settings, const Origins* origins);

}  // namespace weir::parts
