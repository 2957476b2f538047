// SPDX-License-Identifier: BSD-2-Clause
// Requests for parts of a page: what is one, and the limit that they have when none is given.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace weir {

// The limit on media that a service gets with its limit on requests, so that the exemption is no
// hole: what a page with hundreds of parts does not reach.
inline constexpr Limit kDefaultMedia{
    .start_throttle = 600, .to_much = 1200, .timeout = Milliseconds(2000)};

// Gives the services that meter requests a limit on media where they have none; its action is
// that of the requests where none is given. `is_given` is asked for the paths of values.
void complete_media(std::vector<Service>& services,
                    const std::function<bool(const std::string& path)>& is_given);

// A suffix in lower case and without its dot: "JPG" and ".jpg" are "jpg".
std::string normal_suffix(std::string_view text);
bool is_suffix(std::string_view normal);

}  // namespace weir
