// SPDX-License-Identifier: BSD-2-Clause
// One argument's text → its value, or an Error that says what would be right. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "cli/command.h"

namespace weir::cli {

// `option` names the argument in messages: "--to-much".
Result<std::uint32_t> parse_count(const std::string& option, const std::string& text,
                                  std::uint32_t most = WEIR_TO_MUCH_MAX);
Result<Milliseconds> parse_span(const std::string& option, const std::string& text,
                                Milliseconds longest);
Result<Mode> parse_mode(const std::string& text);
Result<Event> parse_event(const std::string& text);
Result<Window> parse_window(const std::string& text);
Result<Action> parse_action(const std::string& text);
Result<Attach> parse_attach(const std::string& text);
Result<std::string> parse_interface(const std::string& text);  // a name the kernel could have
Result<std::string> parse_service(const std::string& text);

}  // namespace weir::cli
