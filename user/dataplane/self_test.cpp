// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/self_test.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weir {
namespace {

struct Frame {
  const char* name;
  std::array<unsigned char, 64> bytes;
};

// To port 9 (discard), which nobody protects in earnest; a segment without data is never an event.
constexpr std::array kFrames{
    Frame{"an ARP request", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,   2, 0x08, 0x06,
                             0,    1,    0x08, 0,    6,    4,    0, 1, 2, 0, 0,   0, 0,    2,
                             192,  0,    2,    2,    0,    0,    0, 0, 0, 0, 192, 0, 2,    1}},
    Frame{"a TCP segment without data",
          {2, 0, 0,    0, 0,  1, 2,    0,    0,   0, 0,    2,    0x08, 0,    0x45, 0, 0,    40,
           0, 0, 0x40, 0, 64, 6, 0xb6, 0xcc, 192, 0, 2,    2,    192,  0,    2,    1, 0xc0, 0,
           0, 9, 0,    0, 0,  1, 0,    0,    0,   1, 0x50, 0x10, 0xff, 0xff, 0,    0, 0,    0}},
};

}  // namespace

Status self_test(int program_fd, HookKind hook) {
  const __u32 wanted =
      static_cast<__u32>(hook == HookKind::kTc ? int{TC_ACT_UNSPEC} : int{XDP_PASS});
  for (const Frame& frame : kFrames) {
    LIBBPF_OPTS(bpf_test_run_opts, run);
    run.data_in = frame.bytes.data();
    run.data_size_in = static_cast<__u32>(frame.bytes.size());
    if (bpf_prog_test_run_opts(program_fd, &run) != 0)
      return fail(ErrorCode::kSystem,
                  fmt::format("the new program's self-test: {}", std::strerror(errno)));
    if (run.retval != wanted)
      return fail(ErrorCode::kSystem,
                  fmt::format("the new program failed its self-test: it "
                              "answers {} with {}, not {}",
                              frame.name, run.retval, wanted),
                  "the old program stays; please report this");
  }
  return {};
}

bool is_same_code(int program_fd, int other_fd) {
  bpf_prog_info one{}, other{};
  __u32 length = sizeof one;
  if (bpf_obj_get_info_by_fd(program_fd, &one, &length) != 0) return false;
  length = sizeof other;
  return bpf_obj_get_info_by_fd(other_fd, &other, &length) == 0 &&
         std::memcmp(one.tag, other.tag, sizeof one.tag) == 0;
}

}  // namespace weir
