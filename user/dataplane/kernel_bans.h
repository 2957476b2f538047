// SPDX-License-Identifier: BSD-2-Clause
// The kernel's tables of bans and of the allow list: which entry goes where, and the flags that
// tell the data path which tables to ask.
#pragma once

#include <map>
#include <vector>

#include "dataplane/ban_table.h"
#include "dataplane/dataplane.h"
#include "dataplane/kernel_object.h"

namespace weir {

class KernelBans {
 public:
  // Reads what the tables hold, and sets the flags to match.
  static Result<KernelBans> open(const KernelMaps& maps, weir_control* control);

  Status put(const KernelBan& ban);
  Status remove(const Prefix& prefix);
  // A change of the source prefix moves bans between the tables: enters those that move where
  // `next` has them, all or none …
  Status enter_for(const weir_settings& next);
  // … and, once that is in force, takes them out of where they were.
  void leave_others();
  [[nodiscard]] std::vector<KernelBan> list() const;
  // Packets that each of these bans has turned away; 0: there is no such ban.
  [[nodiscard]] std::vector<std::uint64_t> dropped_by(const std::vector<Prefix>& prefixes) const;
  Status put_allow(const Prefix& prefix);
  Status remove_allow(const Prefix& prefix);
  [[nodiscard]] std::vector<Prefix> allowed() const;

  void rest() const { sources_.rest(); }  // see Mapped::rest()
  [[nodiscard]] TableFill sources_fill() const;
  [[nodiscard]] TableFill nets_fill() const;
  [[nodiscard]] TableFill allow_fill() const;

 private:
  KernelBans(const KernelMaps& maps, weir_control* control, BanTable sources)
      : maps_(maps), control_(control), sources_(std::move(sources)) {}

  [[nodiscard]] bool is_source(const Prefix& prefix) const;
  Status put_source(const KernelBan& ban);
  Status put_net(const KernelBan& ban);
  void remove_source(const Prefix& prefix);
  Status remove_net(const Prefix& prefix);
  [[nodiscard]] std::vector<KernelBan> list_sources() const;
  // What CPUs have counted for their newest banned source and not yet added to its ban.
  [[nodiscard]] std::map<const weir_source_ban*, std::uint64_t> pending_drops() const;
  // Writes one network's value: what it asks for, joined with the networks that hold it.
  Status write_net(const Prefix& prefix, const KernelBan& own);
  Status rewrite_nets_within(const Prefix& prefix);
  void set_present(unsigned flag, bool present);

  KernelMaps maps_;
  weir_control* control_;
  BanTable sources_;
  std::map<Prefix, KernelBan> nets_;
  std::map<Prefix, bool> allowed_;
  std::vector<Prefix> moved_from_sources_, moved_from_nets_;  // between the two calls above
};

}  // namespace weir
