// SPDX-License-Identifier: BSD-2-Clause
// One loaded instance of the BPF object. Its implementation is the only file that sees the
// generated skeleton. Instances of one pin directory share all maps.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "dataplane/sizes.h"
#include "weir/abi.h"

namespace weir {

enum class HookKind { kNone, kXdp, kTc, kEgress, kRollback };  // the last is run, not attached

struct KernelMaps {
  int stats = -1, interfaces = -1, bursts = -1, slide_ids = -1, slides = -1, ban_sets = -1,
      bans = -1, ban_nets = -1, allow_nets = -1, notices = -1, paths = -1, suffixes = -1,
      answered = -1, answered_rules = -1, requests = -1, samples = -1;
};

class KernelObject {
 public:
  // Opens the object, takes over or makes the maps pinned under `map_dir`, and loads the
  // program of `hook` for an interface slot; kNone loads no program. Tables that are there keep
  // their sizes. kPermission, kSystem.
  static Result<KernelObject> load(const std::string& map_dir, HookKind hook, unsigned slot,
                                   const TableSizes& sizes);
  KernelObject(KernelObject&&) noexcept;
  KernelObject& operator=(KernelObject&&) noexcept;
  ~KernelObject();

  [[nodiscard]] int program_fd() const;  // -1 for kNone
  [[nodiscard]] KernelMaps maps() const;
  // Whether this kernel can make and check SYN cookies for XDP programs.
  [[nodiscard]] static bool can_challenge();
  [[nodiscard]] weir_control* control() const;  // shared memory with the kernel

 private:
  struct Impl;
  explicit KernelObject(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// From now on libbpf prints nothing; what it said last at warning level is kept for messages.
void keep_libbpf_words();
std::string take_libbpf_words();  // and forgets them

}  // namespace weir
