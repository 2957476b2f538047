// SPDX-License-Identifier: BSD-2-Clause
#include "logs/logs.h"

#include <utility>

#include "logs/journal.h"
#include "logs/log_file.h"

namespace weir {

Logs::Logs(OpenTarget open) : open_target_(std::move(open)) {}

Result<std::unique_ptr<LogTarget>> Logs::open_target(const std::string& where) {
  if (where == kLogJournal) return std::make_unique<Journal>(Journald());
  return LogFile::open(where);
}

Status Logs::apply(const Settings& settings) {
  std::map<LogKey, Open> fresh;
  std::vector<LogKey> kept;
  for (const LogKey key : kLogKeys) {
    const std::string& where = settings.log(key);
    if (where == kLogOff) continue;
    if (const auto found = open_.find(key); found != open_.end() && found->second.where == where) {
      kept.push_back(key);
      continue;
    }
    auto target = open_target_(where);
    if (!target) return fail(log_name(key), std::move(target.error()));
    fresh[key] = Open{where, std::move(*target), std::nullopt, 0};
  }
  for (const LogKey key : kept) fresh[key] = std::move(open_.at(key));
  open_ = std::move(fresh);
  return {};
}

void Logs::reopen() {
  for (auto& [key, log] : open_) log.target->reopen();
}

void Logs::add(LogKey key, std::string_view line) {
  if (const auto found = open_.find(key); found != open_.end()) found->second.target->add(line);
}

std::vector<Logs::News> Logs::flush(BootNs now) {
  std::vector<News> news;
  for (auto& [key, log] : open_) {
    const Status written = log.target->flush(now);
    const std::uint64_t lost = log.target->counts().lost;
    if (!written) {
      if (!log.problem) {
        log.lost_before = lost;
        news.push_back({key, written.error(), 0});
      }
      log.problem = written.error().message;
    } else if (log.problem) {
      log.problem.reset();
      news.push_back({key, std::nullopt, lost - log.lost_before});
    }
  }
  return news;
}

bool Logs::is_waiting() const {
  for (const auto& [key, log] : open_)
    if (!log.problem && log.target->has_more()) return true;
  return false;
}

std::vector<LogView> Logs::views() const {
  std::vector<LogView> views;
  for (const auto& [key, log] : open_) {
    const LogCounts counts = log.target->counts();
    views.push_back({log_name(key), log.where, counts.written, counts.lost, log.problem});
  }
  return views;
}

}  // namespace weir
