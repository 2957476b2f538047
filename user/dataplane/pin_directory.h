// SPDX-License-Identifier: BSD-2-Clause
// Where the pins are: PIN_DIR/v<layout>/{maps,links}, private to its owner. bpffs is mounted
// where it is missing.
#pragma once

#include <string>

#include "base/result.h"

namespace weir {

struct PinDirectory {
  std::string maps;   // one pin per map
  std::string links;  // "slot-N": an XDP link, or the program behind a tc filter

  [[nodiscard]] std::string link(unsigned slot) const;
  [[nodiscard]] std::string egress(unsigned slot) const;  // the program that times answers

  // The paths, without touching anything.
  static PinDirectory under(const std::string& pin_dir);
  // Makes the directories (0700) on a bpf file system. A symbolic link, a foreign owner or
  // rights for others are kRefused: whoever may write here may unfilter the interface.
  static Result<PinDirectory> make(const std::string& pin_dir);
};

}  // namespace weir
