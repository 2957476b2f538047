// SPDX-License-Identifier: BSD-2-Clause
// The pinned table of interfaces: which one owns which slot of counters, and how it is attached.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/dataplane.h"
#include "dataplane/pin_directory.h"

namespace weir {

struct InterfaceRecord {
  unsigned slot = 0;
  std::string name;
  unsigned ifindex = 0;
  std::optional<Attach> attach;  // nullopt: detached, its counters kept
  bool owns_qdisc = false;
};

class InterfaceTable {
 public:
  explicit InterfaceTable(int map) : map_(map) {}

  [[nodiscard]] std::vector<InterfaceRecord> records() const;
  [[nodiscard]] std::optional<InterfaceRecord> find(const std::string& name) const;
  // The interface's own slot from before, or a free one; kConflict when there is none.
  [[nodiscard]] Result<InterfaceRecord> claim(const std::string& name) const;
  Status write(const InterfaceRecord& record);

 private:
  int map_;
};

// Enters the interfaces that pinned programs run on and that the table does not know: its pin was
// lost. Without that they would be somebody else's.
void adopt_orphans(InterfaceTable& table, const PinDirectory& pins);

// What a record says of the kernel's state: attached where, or no longer.
bool is_attached(const InterfaceRecord& record, const std::string& pin);

}  // namespace weir
