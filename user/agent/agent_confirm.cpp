// SPDX-License-Identifier: BSD-2-Clause
// Changes that undo themselves unless they are confirmed: who has locked themselves out cannot say
// so. The kernel's own timer brings the old settings back; the agent, when it is there, tells of it
// and tidies up. Until then the store has the old settings, and the new ones apart.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>

#include "agent/agent.h"
#include "config/encode.h"

namespace weir {
namespace {

const std::string kUntil = std::string(kUnconfirmed) + "until";  // boot clock, ns
const std::string kBoot = std::string(kUnconfirmed) + "boot";
const std::string kWhat = std::string(kUnconfirmed) + "what";
const std::string kSet = std::string(kUnconfirmed) + "set.";  // and the path of a change

std::string left(BootNs until, BootNs now) {
  const BootNs seconds = until > now ? (until - now) / (1000 * kNsInMs) : 0;
  return describe_duration(std::chrono::seconds(std::max<BootNs>(1, seconds)));
}

}  // namespace

Status Agent::check_unconfirmed() const {
  if (!unconfirmed_) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("a change waits to be confirmed ({}; {} left)", unconfirmed_->what,
                          left(unconfirmed_->until, clock_->boot())),
              "weir confirm keeps it; weir confirm --undo takes it back");
}

Changes Agent::changes_to_keep() const {
  if (!unconfirmed_) return configuration_.changes();
  const Changes& before = unconfirmed_->before.changes();
  Changes all = before;
  for (const auto& [path, value] : configuration_.changes()) {
    const auto old = before.find(path);
    if (old == before.end() || old->second != value) all[kSet + path] = value;
  }
  all[kUntil] = std::to_string(unconfirmed_->until);
  all[kBoot] = boot_id_;
  all[kWhat] = unconfirmed_->what;
  return all;
}

Status Agent::change(Configuration next, const std::string& what, Confirm confirm) {
  if (auto free = check_unconfirmed(); !free) return free;
  if (!confirm) return put_in_force(std::move(next));
  if (auto put = data_plane_->put_settings(encode_settings(next.settings())); !put) return put;
  if (auto armed = data_plane_->roll_back_after(*confirm); !armed) {
    (void)data_plane_->put_settings(encode_settings(configuration_.settings()));
    return armed;
  }
  unconfirmed_ =
      Unconfirmed{std::move(configuration_),
                  clock_->boot() + static_cast<BootNs>(confirm->count()) * kNsInMs, what};
  configuration_ = std::move(next);
  keep([&] { return store_->put_changes(changes_to_keep()); });
  return {};
}

void Agent::note_confirm(Done& done, Confirm confirm) const {
  if (confirm)
    done.notices.push_back(
        fmt::format("undone in {} unless you run: weir confirm", describe_duration(*confirm)));
}

Result<Done> Agent::confirm() {
  if (!unconfirmed_)
    return fail(ErrorCode::kNotFound, "no change waits to be confirmed",
                "what was not confirmed in time was undone; weir events tells");
  if (unconfirmed_->until <= clock_->boot()) {
    roll_back("it was not confirmed in time");
    return fail(ErrorCode::kConflict, "too late: the change was undone", "make it once more");
  }
  if (auto off = data_plane_->roll_back_after(Milliseconds(0)); !off)
    return tl::unexpected(std::move(off.error()));
  const std::string what = unconfirmed_->what;
  unconfirmed_.reset();
  keep([&] { return store_->put_changes(configuration_.changes()); });
  keep([&] { return store_->remove_changes(kUnconfirmed); });
  // The timer may have been quicker by a moment.
  if (auto put = data_plane_->put_settings(encode_settings(configuration_.settings())); !put)
    return tl::unexpected(std::move(put.error()));
  tell("confirm", what, "");
  Done done{"confirmed: " + what, {}};
  note_unsaved(done);
  return done;
}

Result<Done> Agent::undo_change() {
  if (!unconfirmed_)
    return fail(ErrorCode::kNotFound, "no change waits to be confirmed",
                "weir events tells what was");
  const std::string what = unconfirmed_->what;
  roll_back("by command");
  return Done{"undone: " + what, {}};
}

void Agent::roll_back(const std::string& why) {
  Unconfirmed change = std::move(*unconfirmed_);
  unconfirmed_.reset();
  configuration_ = std::move(change.before);
  if (auto off = data_plane_->roll_back_after(Milliseconds(0)); !off)
    spdlog::error("{}", off.error().message);
  if (auto put = data_plane_->put_settings(encode_settings(configuration_.settings())); !put)
    spdlog::error("{}", put.error().message);
  keep([&] { return store_->remove_changes(kUnconfirmed); });
  tell("rollback", change.what, why);
}

// `stored`: what an agent before this one has left. The settings without the change are in force.
Status Agent::resume_unconfirmed(const Changes& stored) {
  const auto until = stored.find(kUntil), boot = stored.find(kBoot), what = stored.find(kWhat);
  if (until == stored.end() || boot == stored.end() || what == stored.end()) return {};
  BootNs end = 0;
  std::from_chars(until->second.data(), until->second.data() + until->second.size(), end);
  const BootNs now = clock_->boot();
  if (boot->second != boot_id_ || end <= now) {
    tell("rollback", what->second, "it was not confirmed in time");
    return {};
  }
  Changes set;
  for (const auto& [path, value] : stored)
    if (path.starts_with(kSet) && path != kSet + kModeOption) set[path.substr(kSet.size())] = value;
  auto next = configuration_.with(set);
  if (!next) return {};  // the file has changed, and it no longer fits
  return change(std::move(*next), what->second, Milliseconds((end - now) / kNsInMs));
}

}  // namespace weir
