// SPDX-License-Identifier: BSD-2-Clause
// Everything the agent asks of the kernel, behind one interface, so that all above it is
// tested on a fake. The kernel's implementation is the only file that sees the BPF skeleton.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "dataplane/closings.h"
#include "weir/abi.h"

namespace weir {

enum class Attach { kAuto, kNative, kGeneric, kTc };
const char* attach_name(Attach attach);  // "auto", "native", …
std::optional<Attach> attach_from_name(std::string_view name);

// An interface that Weir filters, as the kernel has it now.
struct InterfaceState {
  std::string name;
  unsigned slot = 0;  // what notices call it
  unsigned ifindex = 0;
  Attach attach = Attach::kNative;  // never kAuto
  std::string note;                 // why it is not native, or what is wrong with it; may be empty
  bool attached = true;             // false: pinned, but the kernel no longer runs it
  weir_stats stats{};               // summed over CPUs since the pins were made
};

struct KernelBan {
  Prefix prefix;
  BootNs until = WEIR_BAN_FOREVER;
  bool all = false;           // every packet, not only those to protected ports
  std::uint64_t dropped = 0;  // packets turned away; ignored by put_ban
};

// One source's state for one event, as the meters hold it.
struct Meter {
  int service = 0;  // index in the settings block
  weir_event event = WEIR_EVENT_SYN;
  std::uint32_t count = 0;            // events in the window now
  std::uint64_t last_ms = 0;          // boot clock
  std::optional<std::size_t> rule{};  // the path rule's index there; else the service's own limit
};

// What the tables hold of one source over all services and events.
struct SourceState {
  Address address;
  std::uint64_t last_ms = 0;  // its newest event, boot clock
  // Events of its newest burst: requests where they are seen, connection attempts elsewhere.
  std::uint32_t hits = 0;
  std::uint32_t timeout_ms = 0;  // a gap as long as this ends a burst
};

struct TableFill {
  std::uint64_t used = 0;
  std::uint64_t capacity = 0;
};

struct Tables {
  TableFill sources;
  TableFill bans;
  TableFill ban_nets;
  TableFill allow;
};

class DataPlane {
 public:
  virtual ~DataPlane() = default;

  // The block in force; nullopt before the first put_settings on fresh pins.
  [[nodiscard]] virtual std::optional<weir_settings> settings() const = 0;
  // Puts a block in force whole; returns when no packet is judged by the old one any more.
  virtual Status put_settings(const weir_settings& settings) = 0;
  // After so long, the block before the last put_settings() comes back by itself, whether this
  // agent lives or not; zero calls that off. The caller puts no other block meanwhile.
  virtual Status roll_back_after(Milliseconds time) = 0;

  // Interfaces. attach: kNotFound, kConflict (with the foreign program's name), kSystem.
  virtual Result<InterfaceState> attach(const std::string& name, Attach how) = 0;
  virtual Status detach(const std::string& name) = 0;
  [[nodiscard]] virtual std::vector<InterfaceState> interfaces() const = 0;
  // Interfaces that are attached and have been renamed since: goes on under the new names. Returns
  // the old ones with the new.
  virtual std::vector<std::pair<std::string, std::string>> follow_renames() = 0;
  // Counters of interfaces that were detached, so that sums never shrink.
  [[nodiscard]] virtual weir_stats retired_stats() const = 0;

  // Bans and the allow list. put replaces; remove of what is not there is kNotFound.
  virtual Status put_ban(const KernelBan& ban) = 0;
  virtual Status remove_ban(const Prefix& prefix) = 0;
  [[nodiscard]] virtual Result<std::vector<KernelBan>> bans() const = 0;
  // Packets that each of these bans has turned away; 0: there is no such ban.
  [[nodiscard]] virtual std::vector<std::uint64_t> dropped_by(
      const std::vector<Prefix>& prefixes) const = 0;
  virtual Status put_allow(const Prefix& prefix) = 0;
  virtual Status remove_allow(const Prefix& prefix) = 0;
  [[nodiscard]] virtual Result<std::vector<Prefix>> allowed() const = 0;

  // Ends the server's half of a connection of this host, without waiting. What fails is told once:
  // the server then ends it by its own timeout.
  virtual void close_connection(const Connection& connection) = 0;
  // The same of all connections of this host that are wanted.
  virtual void close_connections(const std::function<bool(const Connection&)>& is_wanted) = 0;

  // Whether the source that an address belongs to was seen to be there, not long before a time.
  [[nodiscard]] virtual bool is_validated(const Address& address, BootNs now) const = 0;
  // Whether the time that HTTP services take to answer is measured. Where it cannot be, that is
  // told once; filtering does not depend on it.
  virtual void time_answers(bool wanted) = 0;
  // What was measured of a service, by its index in the settings block, since the pins were made.
  [[nodiscard]] virtual weir_responses responses(int service) const = 0;
  // The same of a path rule, by its index in there, since it has its place there.
  [[nodiscard]] virtual weir_responses rule_responses(int rule) const = 0;
  // Whether requests and their answers are told of.
  virtual void tell_requests(bool wanted) = 0;
  // Why challenges that the settings ask for are carried out as drop; nullopt: they are not.
  [[nodiscard]] virtual std::optional<std::string> challenge_problem() const = 0;
  // What has to be looked after once a second, with the counters of all interfaces.
  virtual void tick(const weir_stats& total) = 0;

  // What the meters hold of the source that an address belongs to, at a boot clock time.
  [[nodiscard]] virtual std::vector<Meter> meters(const Address& address, BootNs now) const = 0;
  // All sources, piece by piece: whoever visits `count` places from 0, and again from where it
  // ended up to source_places(), meets every source that stays where it is just once.
  [[nodiscard]] virtual std::size_t source_places() const = 0;
  virtual void visit_sources(std::size_t from, std::size_t count,
                             const std::function<void(const SourceState&)>& visit) const = 0;
  [[nodiscard]] virtual Tables tables() const = 0;

  // Notices: a descriptor that polls readable, and the draining of what is there.
  [[nodiscard]] virtual int notice_descriptor() const = 0;
  virtual void drain_notices(const std::function<void(const weir_notice&)>& take) = 0;
  // What was told of requests, in the order of their ends. Nothing announces it: it is to be asked
  // for often enough.
  struct RequestTaker {
    std::function<void(const weir_request&)> request;
    std::function<void(const weir_request_answer&)> answer;
  };
  virtual void drain_requests(const RequestTaker& take) = 0;
  // From now on who sends how much is told of, and what was told before is forgotten. To be drained
  // as requests are.
  virtual void begin_samples() = 0;
  virtual void drain_samples(const std::function<void(const weir_sample&)>& take) = 0;
};

}  // namespace weir
