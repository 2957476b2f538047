// SPDX-License-Identifier: BSD-2-Clause
// Bounds what the log gets a second: a thousand bans of a flood are no reason to fill a disk, and
// journald would drop lines that matter with those that do not.
#pragma once

#include <spdlog/sinks/sink.h>

#include <cstdint>
#include <memory>

namespace weir {

class BoundedSink final : public spdlog::sinks::sink {
 public:
  // Lines in one second, of news and of what is a warning or worse; each has its own bound.
  static constexpr unsigned kNews = 20, kWarnings = 20;

  explicit BoundedSink(std::shared_ptr<spdlog::sinks::sink> inner) : inner_(std::move(inner)) {}

  void log(const spdlog::details::log_msg& message) override;
  void flush() override { inner_->flush(); }
  void set_pattern(const std::string& pattern) override { inner_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    inner_->set_formatter(std::move(formatter));
  }

 private:
  struct Second {
    std::int64_t number = -1;
    unsigned written = 0;
    std::uint64_t left_out = 0;
  };

  // Nothing is held back to be written later: how many were left out is told with the next line.
  void tell_left_out(Second& second, const spdlog::details::log_msg& message);

  std::shared_ptr<spdlog::sinks::sink> inner_;
  Second news_, warnings_;
};

}  // namespace weir
