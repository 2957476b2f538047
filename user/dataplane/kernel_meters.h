// SPDX-License-Identifier: BSD-2-Clause
// The sources' tables, seen from user space.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/kernel_object.h"
#include "dataplane/mapped.h"

namespace weir {

class KernelMeters {
 public:
  // `control` outlives the meters.
  static Result<KernelMeters> open(const KernelMaps& maps, const weir_control* control);

  [[nodiscard]] std::vector<Meter> of(const Address& address, BootNs now) const;
  [[nodiscard]] bool is_validated(const Address& address, BootNs now) const;
  // One place is a set of `bursts`.
  [[nodiscard]] std::size_t source_places() const { return bursts_.size(); }
  void visit_sources(std::size_t from, std::size_t count,
                     const std::function<void(const SourceState&)>& visit) const;
  void rest() const {  // see Mapped::rest()
    bursts_.rest();
    slide_ids_.rest();
    slides_.rest();
  }
  [[nodiscard]] std::uint64_t capacity() const { return bursts_.size() * WEIR_BURST_WAYS; }

 private:
  KernelMeters(Mapped<weir_burst_set> bursts, Mapped<weir_id_set> slide_ids,
               Mapped<weir_slide> slides, const weir_control* control);
  [[nodiscard]] const weir_burst* burst(std::uint64_t id) const;
  [[nodiscard]] const weir_slide* slide(std::uint64_t id) const;
  // Its count and newest event.
  [[nodiscard]] Meter meter_of(std::uint64_t id, const weir_limit& limit,
                               std::uint64_t now_ms) const;
  // What a source is counted under, in a fixed order.
  struct Place {
    std::uint64_t salt;
    weir_event event;
    bool is_sliding;
    std::uint32_t timeout_ms;
  };
  [[nodiscard]] std::vector<Place> places() const;
  void fetch(const weir_burst_set& set, const std::vector<Place>& places) const;
  [[nodiscard]] std::optional<SourceState> state_of(const weir_burst_set& set, unsigned way,
                                                    const std::vector<Place>& places) const;

  Mapped<weir_burst_set> bursts_;
  Mapped<weir_id_set> slide_ids_;
  Mapped<weir_slide> slides_;
  const weir_control* control_;
};

}  // namespace weir
