// SPDX-License-Identifier: BSD-2-Clause
// Events as records of journald, with fields to search by.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "logs/log_target.h"

namespace weir {

// The fields of an event's record, "NAME=value" each; `line` is the event as JSON.
std::vector<std::string> journal_fields(const std::string& line);

class Journal final : public LogTarget {
 public:
  // journald drops what a service writes beyond 10 000 records in 30 s, and not the least of it
  // first: the agent's own words must get through.
  static constexpr unsigned kASecond = 200;
  static constexpr std::size_t kHeld = 4096;  // lines that wait for their second

  // Takes the fields of one record; 0, or an error number.
  using Send = std::function<int(const std::vector<std::string>& fields)>;
  explicit Journal(Send send) : send_(std::move(send)) {}

  void add(std::string_view line) override;
  Status flush(BootNs now) override;
  [[nodiscard]] bool has_more() const override { return !held_.empty(); }
  [[nodiscard]] LogCounts counts() const override { return counts_; }

 private:
  Status send(const std::vector<std::string>& fields);

  Send send_;
  std::deque<std::string> held_;
  BootNs second_ = 0;
  unsigned sent_ = 0;            // in this second
  std::uint64_t lost_told_ = 0;  // of counts_.lost
  LogCounts counts_;
};

// Sends to the journald of this host, and never waits for it.
class Journald {
 public:
  int operator()(const std::vector<std::string>& fields);

 private:
  // 0, or why not: sd_journal_sendv() waits while journald takes nothing, and is content when there
  // is none.
  int ready();
  std::shared_ptr<Fd> probe_ = std::make_shared<Fd>();  // shared, for a Send is copied
};

}  // namespace weir
