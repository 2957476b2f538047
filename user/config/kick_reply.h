// SPDX-License-Identifier: BSD-2-Clause
// What an HTTP client is answered who is kicked. The page is a setting; status line and fields,
// which make browsers wait and come back, are not.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

// Short, for the frame that it goes out in is grown by it, and some drivers leave little room.
inline constexpr std::string_view kDefaultReplyText =
    "<title>Slow down</title><h1>Slow down</h1>Too many requests. "
    "The page comes by itself in 3 seconds.";

// The whole answer around a page, as it is sent.
std::string kick_reply(std::string_view page);
// kInvalid, without the setting's name, for a page that cannot be sent.
Status check_reply_text(std::string_view page);

}  // namespace weir
