// SPDX-License-Identifier: BSD-2-Clause
// Metric families one after the other, each with HELP and TYPE. All values are integers and
// fmt knows no locale, so no decimal comma and no grouping can get in.
#include "output/prometheus.h"

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <utility>

#include "config/names.h"

namespace weir {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// One metric family being written.
class Family {
 public:
  Family(std::string& out, std::string_view name, std::string_view type, std::string_view help)
      : out_(out), name_(name) {
    fmt::format_to(std::back_inserter(out_), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  }

  void sample(const Labels& labels, std::uint64_t value) {
    out_ += name_;
    char separator = '{';
    for (const auto& [label, text] : labels) {
      out_ += separator;
      out_ += label;
      out_ += "=\"";
      escape(text);
      out_ += '"';
      separator = ',';
    }
    if (separator == ',') out_ += '}';
    fmt::format_to(std::back_inserter(out_), " {}\n", value);
  }
  // Of a histogram, whose samples have endings.
  void sample(std::string_view ending, const Labels& labels, std::uint64_t value) {
    const std::string_view family = std::exchange(name_, ending);
    out_ += family;
    sample(labels, value);
    name_ = family;
  }

 private:
  void escape(std::string_view text) {
    for (const char c : text) {
      if (c == '\n') {
        out_ += "\\n";
        continue;
      }
      if (c == '\\' || c == '"') out_ += '\\';
      out_ += c;
    }
  }

  std::string& out_;
  std::string_view name_;
};

std::string_view family_name(int family) { return family == 0 ? "ipv4" : "ipv6"; }

void write_services(std::string& out, const Snapshot& snapshot) {
  Family events(out, "weir_events_total", "counter", "Events that were metered.");
  for (const auto& [service, event, family, counters] : snapshot.services)
    events.sample(
        {{"service", service}, {"event", name_of(event)}, {"family", family_name(family)}},
        counters.events);

  const auto write = [&](Family& out_family, const ServiceEventStats& entry, weir_verdict verdict,
                         std::uint64_t value) {
    out_family.sample({{"service", entry.service},
                       {"event", name_of(entry.event)},
                       {"verdict", name_of(verdict)},
                       {"family", family_name(entry.family)}},
                      value);
  };
  Family verdicts(out, "weir_verdicts_total", "counter", "Events by what was done with them.");
  for (const auto& entry : snapshot.services) {
    write(verdicts, entry, WEIR_VERDICT_PASS, passed(entry.counters));
    write(verdicts, entry, WEIR_VERDICT_ALLOW, entry.counters.allow);
    write(verdicts, entry, WEIR_VERDICT_THROTTLE, entry.counters.throttle);
    write(verdicts, entry, WEIR_VERDICT_KICK, entry.counters.kick);
  }
  Family observed(out, "weir_observed_total", "counter",
                  "Events that mode enforce would have acted on, let through in mode observe.");
  for (const auto& entry : snapshot.services) {
    write(observed, entry, WEIR_VERDICT_THROTTLE, entry.counters.observed_throttle);
    write(observed, entry, WEIR_VERDICT_KICK, entry.counters.observed_kick);
  }
}

void write_totals(std::string& out, const weir_stats& total) {
  Family verdicts(out, "weir_packets_verdict_total", "counter", "Packets by verdict.");
  const auto counts = verdict_counts(total);
  for (int i = 0; i < WEIR_VERDICT_COUNT; ++i)
    verdicts.sample({{"verdict", name_of(static_cast<weir_verdict>(i))}}, counts[i]);

  Family actions(out, "weir_actions_total", "counter", "Packets by how they were turned away.");
  const auto acted = action_counts(total);
  for (int i = 0; i < WEIR_ACTION_COUNT; ++i)
    actions.sample({{"action", name_of(static_cast<weir_action>(i))}}, acted[i]);
}

void write_interfaces(std::string& out, const std::vector<InterfaceState>& interfaces) {
  Family packets(out, "weir_packets_total", "counter", "Packets seen.");
  for (const auto& interface : interfaces)
    packets.sample({{"interface", interface.name}}, packet_count(interface.stats));
  Family bytes(out, "weir_bytes_total", "counter", "Bytes seen.");
  for (const auto& interface : interfaces)
    bytes.sample({{"interface", interface.name}}, interface.stats.bytes);
  Family attached(out, "weir_attached", "gauge", "1 while the kernel runs Weir there.");
  for (const auto& interface : interfaces)
    attached.sample({{"interface", interface.name}, {"attach", attach_name(interface.attach)}},
                    interface.attached ? 1 : 0);
}

// Microseconds as seconds, without a locale.
std::string seconds_text(std::uint64_t us) {
  return fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
}

void write_responses(std::string& out, const std::vector<ServiceResponses>& all) {
  if (all.empty()) return;
  Family times(
      out, "weir_response_seconds", "histogram",
      "From a request's last segment to the first byte of the answer; of TLS an estimate.");
  for (const auto& [service, counters, is_estimate, rules] : all) {
    // From half a millisecond on, each twice the one before.
    for (std::uint64_t us = 512; us <= std::uint64_t{512} << 16; us *= 2)
      times.sample("_bucket", {{"service", service}, {"le", seconds_text(us)}},
                   faster_than(counters, us));
    times.sample("_bucket", {{"service", service}, {"le", "+Inf"}}, counters.count);
    fmt::format_to(std::back_inserter(out), "weir_response_seconds_sum{{service=\"{}\"}} {}\n",
                   service, seconds_text(counters.sum_us));
    times.sample("_count", {{"service", service}}, counters.count);
  }
  Family statuses(out, "weir_responses_total", "counter", "Answers by the class of their status.");
  for (const auto& [service, counters, is_estimate, rules] : all)
    for (int i = 0; i <= 5 && !is_estimate; i++)
      statuses.sample(
          {{"service", service}, {"class", i == 0 ? std::string("other") : fmt::format("{}xx", i)}},
          counters.statuses[i]);
}

void write_logs(std::string& out, const std::vector<LogView>& logs) {
  if (logs.empty()) return;
  Family written(out, "weir_log_lines_total", "counter", "Lines written to eventLog, counterLog.");
  for (const LogView& log : logs) written.sample({{"log", log.name}}, log.written);
  Family lost(out, "weir_log_lost_total", "counter", "Lines that could not be written to them.");
  for (const LogView& log : logs) lost.sample({{"log", log.name}}, log.lost);
}

void write_state(std::string& out, const Snapshot& snapshot) {
  Family sources(out, "weir_sources", "gauge", "Sources in the tables, and room for them.");
  sources.sample({{"state", "tracked"}}, snapshot.tables.sources.used);
  sources.sample({{"state", "capacity"}}, snapshot.tables.sources.capacity);
  Family(out, "weir_active_users", "gauge", "Sources seen within timeWindow.")
      .sample({}, snapshot.users.active);
  Family(out, "weir_bans", "gauge", "Bans in force.").sample({}, snapshot.active_bans);
  Family(out, "weir_notices_lost_total", "counter", "Notices that found no room.")
      .sample({}, snapshot.total.notices_lost);
  Family(out, "weir_insert_failures_total", "counter", "Sources that found no room.")
      .sample({}, snapshot.total.insert_failures);
  Family(out, "weir_sketched_total", "counter", "Events of sources that were only noted.")
      .sample({}, snapshot.total.sketched);
  Family(out, "weir_sketch_seconds_total", "counter", "Time in which new ones were, by CPU.")
      .sample({}, snapshot.total.sketch_ms / 1000);
  Family modes(out, "weir_mode", "gauge", "1 for the mode that Weir is in.");
  for (int i = 0; i < WEIR_MODE_COUNT; ++i) {
    const auto mode = static_cast<Mode>(i);
    modes.sample({{"mode", name_of(mode)}}, mode == snapshot.mode ? 1 : 0);
  }
  Family(out, "weir_build_info", "gauge", "The version that runs, as a label.")
      .sample({{"version", snapshot.version}}, 1);
}

}  // namespace

std::string prometheus_text(const Snapshot& snapshot) {
  std::string out;
  write_services(out, snapshot);
  write_totals(out, snapshot.total);
  write_interfaces(out, snapshot.interfaces);
  write_responses(out, snapshot.responses);
  write_logs(out, snapshot.logs);
  write_state(out, snapshot);
  return out;
}

}  // namespace weir
