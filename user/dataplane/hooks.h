// SPDX-License-Identifier: BSD-2-Clause
// Attaching a loaded program to an interface and pinning what keeps it there: XDP by bpf_link,
// tc by a clsact filter. Takes over what a former agent pinned without a gap; never takes what
// is somebody else's.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "dataplane/dataplane.h"

namespace weir {

// The program that an interface's XDP hook runs, if any.
struct ForeignProgram {
  unsigned id = 0;
  std::string name;  // may be empty: looking it up needs CAP_SYS_ADMIN
};
std::optional<ForeignProgram> xdp_program_on(unsigned ifindex);

// XDP. `mode` is kNative or kGeneric. kConflict names the foreign program; kSystem has the
// kernel's own words.
Status attach_xdp(int program_fd, unsigned ifindex, Attach mode, const std::string& pin);
// Swaps the program behind a pinned link that still has its interface; false when there is none.
Result<bool> update_xdp(int program_fd, unsigned ifindex, const std::string& pin);
// Detaches a pinned link at once and removes the pin; nothing pinned: done.
void detach_xdp(const std::string& pin);
// The interface of a pinned link; 0 when the pin or the interface is gone.
unsigned xdp_link_ifindex(const std::string& pin);

// Whether the XDP program of an interface is run by its driver.
bool is_native(unsigned ifindex);

// The program that a pinned link runs, or that is pinned itself. None also where looking it up is
// not permitted: it takes CAP_SYS_ADMIN.
Fd program_behind(const std::string& pin);

// Which way packets go.
enum class TcSide { kIngress, kEgress };

// tc. Makes the clsact qdisc where there is none and says whether it did.
Result<bool> attach_tc(int program_fd, unsigned ifindex, const std::string& pin,
                       TcSide side = TcSide::kIngress);
Status detach_tc(unsigned ifindex, const std::string& pin, bool owns_qdisc,
                 TcSide side = TcSide::kIngress);
// Whether the pinned program is the one that runs as Weir's filter.
bool is_tc_attached(unsigned ifindex, const std::string& pin, TcSide side = TcSide::kIngress);
// The interface on which the pinned program runs as Weir's filter; 0: none.
unsigned tc_ifindex(const std::string& pin);

}  // namespace weir
