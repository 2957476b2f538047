// SPDX-License-Identifier: BSD-2-Clause
// Whether the data path may send challenges, and what the host needs for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/interface_table.h"
#include "dataplane/quiet.h"
#include "weir/abi.h"

namespace weir {

class Challenges {
 public:
  // `control` outlives this.
  explicit Challenges(weir_control* control) : control_(control) {}

  // Switches challenges on where the settings ask for them and they can work, and else off.
  void arrange(const std::vector<InterfaceRecord>& interfaces);
  // Once a second, with the number that was sent since the pins were made.
  void tick(const std::vector<InterfaceRecord>& interfaces, std::uint64_t sent);
  // Why challenges that are asked for are carried out as drop; nullopt: they are not.
  [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

 private:
  [[nodiscard]] const weir_settings& settings() const {
    return control_->slots[control_->active & 1];
  }
  [[nodiscard]] bool can() const { return (control_->present & WEIR_CAN_CHALLENGE) != 0; }
  // Makes the host ready; says so in `problem_` when that is not possible.
  bool prepare_host();
  void touch_listeners();

  weir_control* control_;
  std::optional<std::string> problem_;
  Quiet quiet_;            // of what is sent
  int touched_ticks_ = 0;  // since listeners were touched
};

}  // namespace weir
