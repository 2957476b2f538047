// SPDX-License-Identifier: BSD-2-Clause
// The settings in force: defaults, under the file, under the options of `weir run`, under the
// changes made by command. Pure but for reading the file; the caller keeps the changes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"

namespace weir {

using Changes = std::map<std::string, std::string>;  // path → value, as in Store

class Configuration {
 public:
  // `file` empty: kDefaultConfig, whose absence is fine. `mode`: the option of `weir run`.
  static Result<Configuration> load(const std::string& file, std::optional<Mode> mode,
                                    Changes changes);
  // Reads the file again; on any error this stays as it is.
  Status reload();

  [[nodiscard]] const Settings& settings() const { return effective_.settings; }
  [[nodiscard]] const Origins& origins() const { return effective_.origins; }
  [[nodiscard]] const std::vector<std::string>& notices() const { return effective_.notices; }
  [[nodiscard]] const Changes& changes() const { return changes_; }

  // What the settings would be with these changes made as well; checks them as a whole.
  [[nodiscard]] Result<Configuration> with(const Changes& more) const;
  // … and without the changes at and below a path.
  [[nodiscard]] Result<Configuration> without(const std::string& path) const;

 private:
  Status compose();

  std::string file_;
  std::optional<Mode> mode_;
  LoadedSettings base_;
  Changes changes_;
  LoadedSettings effective_;
};

// Beside a changed mode: the --mode that `weir run` had then. When the option differs later,
// the operator has changed it since, and the newer word counts.
inline constexpr const char* kModeOption = "mode.option";

// What a change that is not confirmed yet is kept under in the store; never part of the settings.
inline constexpr const char* kUnconfirmed = "confirm.";

}  // namespace weir
