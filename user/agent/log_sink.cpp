// SPDX-License-Identifier: BSD-2-Clause
#include "agent/log_sink.h"

#include <fmt/format.h>
#include <spdlog/details/log_msg.h>

#include <chrono>

namespace weir {

void BoundedSink::tell_left_out(Second& second, const spdlog::details::log_msg& message) {
  if (second.left_out == 0) return;
  const std::string text =
      fmt::format("{} lines were left out; weir events has the newest", second.left_out);
  second.left_out = 0;
  inner_->log({message.time, {}, message.logger_name, message.level, text});
}

void BoundedSink::log(const spdlog::details::log_msg& message) {
  const bool is_news = message.level < spdlog::level::warn;
  Second& second = is_news ? news_ : warnings_;
  // Another second, not a later one: the clock may have been set back.
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(message.time.time_since_epoch()).count();
  if (now != second.number) {
    second.number = now;
    second.written = 0;
    tell_left_out(second, message);
  }
  if (second.written >= (is_news ? kNews : kWarnings)) {
    second.left_out++;
    return;
  }
  second.written++;
  inner_->log(message);
}

}  // namespace weir
