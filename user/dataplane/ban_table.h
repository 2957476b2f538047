// SPDX-License-Identifier: BSD-2-Clause
// The bans of whole sources, in the kernel's memory: `ban_sets` and `bans` of include/weir/abi.h.
// One writer; the data path reads all the while and only adds to the counts.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "dataplane/mapped.h"
#include "weir/abi.h"

namespace weir {

class BanTable {
 public:
  // `control` outlives the table; its hash_seed must be set.
  static Result<BanTable> open(int sets_map, int bans_map, const weir_control* control);

  // Adds or changes a ban, but for its count. kSystem when there is no room for it.
  Status put(const weir_address& source, const weir_ban& ban);
  bool remove(const weir_address& source);  // whether it was there
  [[nodiscard]] const weir_source_ban* find(const weir_address& source) const;
  void for_each(const std::function<void(const weir_source_ban&)>& visit) const;
  // Packets that a ban turned away, by the index that weir_stats.ban_index has.
  [[nodiscard]] const weir_source_ban* at(std::uint64_t index, std::uint64_t id) const;

  // See Mapped::rest(): pointers to bans are valid until then.
  void rest() const {
    sets_.rest();
    bans_.rest();
  }

  [[nodiscard]] std::size_t count() const { return count_; }
  // So many are taken for sure; above that it depends on how evenly they fall.
  [[nodiscard]] std::size_t capacity() const { return bans_.size() / 2; }

 private:
  BanTable(Mapped<weir_ban_set> sets, Mapped<weir_source_ban> bans, const weir_control* control)
      : sets_(std::move(sets)), bans_(std::move(bans)), control_(control) {}

  struct Place {
    std::size_t set = 0;
    unsigned way = 0;
    bool found = false;  // false: a free way, or none (way = WEIR_BAN_WAYS)
  };
  [[nodiscard]] std::uint64_t id_of(const weir_address& source) const;
  [[nodiscard]] Place locate(std::uint64_t id) const;
  [[nodiscard]] std::uint64_t load(std::size_t set, unsigned way) const;
  void drop_strays();
  void publish(std::size_t set, unsigned way, std::uint64_t id);

  Mapped<weir_ban_set> sets_;
  Mapped<weir_source_ban> bans_;
  const weir_control* control_;
  std::size_t count_ = 0;
};

}  // namespace weir
