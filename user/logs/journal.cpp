// SPDX-License-Identifier: BSD-2-Clause
// Records go out through libsystemd, one call each: its protocol has no other way.
#include "logs/journal.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#define SD_JOURNAL_SUPPRESS_LOCATION  // where in this file a record is sent is of no interest
#include <systemd/sd-journal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "output/document.h"
#include "output/text.h"

namespace weir {
namespace {

constexpr BootNs kSecond = 1000 * kNsInMs;
constexpr const char* kSocket = "/run/systemd/journal/socket";

// Packets are told all day; what the agent does is rarer, and trouble the rarest.
int priority_of(std::string_view kind) {
  constexpr std::array kPackets{"throttle", "kick", "banned", "malformed"};
  constexpr std::array kTrouble{"store", "lost",     "breaker",  "spared",
                                "flood", "rollback", "eventLog", "counterLog"};
  const auto is_in = [kind](const auto& kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  if (is_in(kPackets)) return LOG_INFO;
  return is_in(kTrouble) ? LOG_WARNING : LOG_NOTICE;
}

std::vector<std::string> record(const std::string& message, int priority) {
  return {"MESSAGE=" + message, fmt::format("PRIORITY={}", priority), "SYSLOG_IDENTIFIER=weir"};
}

}  // namespace

std::vector<std::string> journal_fields(const std::string& line) {
  const auto event = document::Json::parse(line, nullptr, false);
  auto fields = record(event_words(event), priority_of(document::text(event, "kind")));
  for (const auto& [field, key] : {std::pair{"WEIR_KIND", "kind"},
                                   {"WEIR_ADDRESS", "address"},
                                   {"WEIR_SUBJECT", "subject"},
                                   {"WEIR_SERVICE", "service"},
                                   {"WEIR_EVENT", "event"}})
    if (const std::string value = document::text(event, key); !value.empty())
      fields.push_back(fmt::format("{}={}", field, value));
  if (const auto count = document::whole(event, "count"); count > 0)
    fields.push_back(fmt::format("WEIR_COUNT={}", count));
  fields.push_back("WEIR_JSON=" + line);
  return fields;
}

void Journal::add(std::string_view line) {
  if (held_.size() >= kHeld) {
    counts_.lost++;
    return;
  }
  held_.emplace_back(line);
}

Status Journal::send(const std::vector<std::string>& fields) {
  const int error = send_(fields);
  if (error == 0) return {};
  return fail(ErrorCode::kSystem,
              fmt::format("writing to journald: {}", std::generic_category().message(error)));
}

Status Journal::flush(BootNs now) {
  if (now / kSecond != second_) {
    second_ = now / kSecond;
    sent_ = 0;
  }
  while (!held_.empty() && sent_ < kASecond) {
    if (auto sent = send(journal_fields(held_.front())); !sent) return sent;
    held_.pop_front();
    sent_++;
    counts_.written++;
  }
  if (!held_.empty() || counts_.lost == lost_told_) return {};
  const std::uint64_t lost = counts_.lost - lost_told_;
  if (auto sent =
          send(record(fmt::format("{} events were left out of the journal", lost), LOG_WARNING));
      !sent)
    return sent;
  lost_told_ = counts_.lost;
  return {};
}

int Journald::ready() {
  if (!*probe_) *probe_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string_view(kSocket).copy(address.sun_path, sizeof address.sun_path - 1);
  // Each time, for journald may have been started again since.
  if (::connect(probe_->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno;
  pollfd room{probe_->get(), POLLOUT, 0};
  return ::poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0 ? 0 : EAGAIN;
}

int Journald::operator()(const std::vector<std::string>& fields) {
  if (const int error = ready(); error != 0) return error;
  std::vector<iovec> parts;
  parts.reserve(fields.size());
  for (const std::string& field : fields)
    parts.push_back({const_cast<char*>(field.data()), field.size()});
  return -sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

}  // namespace weir
