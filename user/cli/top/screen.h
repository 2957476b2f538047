// SPDX-License-Identifier: BSD-2-Clause
// The terminal in full-screen mode, by ncurses, for as long as one lives: whatever ends the program
// in an orderly way leaves the terminal as it was. Keeps ncurses' names out of all other files.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cli/top/picture.h"

namespace weir::cli {

class Screen {
 public:
  // nullptr: the terminal is none that ncurses knows.
  static std::unique_ptr<Screen> open();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  [[nodiscard]] TopSize size() const;
  void draw(const std::vector<TopLine>& lines);
  // The next key, or none when the time is over, the size has changed or a signal came.
  std::optional<int> wait(int milliseconds);

 private:
  explicit Screen(void* terminal) : terminal_(terminal) {}
  void* terminal_;
};

}  // namespace weir::cli
