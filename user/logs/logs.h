// SPDX-License-Identifier: BSD-2-Clause
// What is written for others by the settings eventLog and counterLog. Opens and writes; whom to
// tell what went wrong is not its affair.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "logs/log_target.h"
#include "stats/snapshot.h"

namespace weir {

class Logs {
 public:
  using OpenTarget = std::function<Result<std::unique_ptr<LogTarget>>(const std::string& where)>;
  // `open` is for tests: what opens a path, or kLogJournal.
  explicit Logs(OpenTarget open = open_target);
  static Result<std::unique_ptr<LogTarget>> open_target(const std::string& where);

  // Opens what these settings ask for anew, and closes what they do not. All or nothing; the Error
  // begins with the key.
  Status apply(const Settings& settings);
  // Files that were moved away are made anew with the next flush(), even if nothing is to be
  // written.
  void reopen();

  [[nodiscard]] bool takes(LogKey key) const { return open_.contains(key); }
  // A line without its end. Nobody wants it: nothing.
  void add(LogKey key, std::string_view line);

  // What has changed with a log.
  struct News {
    LogKey key;
    std::optional<Error> problem;  // nullopt: it is well again
    std::uint64_t lost = 0;        // lines, since it was not well
  };
  std::vector<News> flush(BootNs now);
  // Lines wait that a flush() would write: of a log that is not well the next second is soon
  // enough.
  [[nodiscard]] bool is_waiting() const;

  [[nodiscard]] std::vector<LogView> views() const;

 private:
  struct Open {
    std::string where;
    std::unique_ptr<LogTarget> target;
    std::optional<std::string> problem;
    std::uint64_t lost_before = 0;  // counts().lost when the problem began
  };
  OpenTarget open_target_;
  std::map<LogKey, Open> open_;
};

}  // namespace weir
