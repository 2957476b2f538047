// SPDX-License-Identifier: BSD-2-Clause
// Standard output of a command: written at once, with its end noticed.
#pragma once

#include <string_view>

#include "base/result.h"

namespace weir::cli {

class Output {
 public:
  explicit Output(int descriptor = 1) : descriptor_(descriptor) {}

  // Everything, or an Error (a full disk). A reader that has left is no error; see closed().
  Status write(std::string_view text);
  // The reader has left ("weir events | head"): what follows would go nowhere.
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool is_terminal() const;

 private:
  int descriptor_;
  bool closed_ = false;
};

}  // namespace weir::cli
