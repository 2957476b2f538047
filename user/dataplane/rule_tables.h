// SPDX-License-Identifier: BSD-2-Clause
// The kernel's tables of path rules and of the suffixes of media. Both slots of settings have
// their entries in them, side by side.
#pragma once

#include "base/result.h"
#include "dataplane/kernel_object.h"
#include "weir/abi.h"

namespace weir {

weir_path_key path_key(unsigned slot, const weir_path_rule& rule);
weir_suffix_key suffix_key(unsigned slot,
                           const char* suffix);  // of WEIR_SUFFIX_MAX letters at most

class RuleTables {
 public:
  explicit RuleTables(const KernelMaps& maps) : paths_(maps.paths), suffixes_(maps.suffixes) {}

  // Makes the entries of a slot that no packet is judged by those of a block of settings. After an
  // error they are a part of these; the next write begins anew.
  Status write(unsigned slot, const weir_settings& settings);

 private:
  int paths_, suffixes_;
};

}  // namespace weir
