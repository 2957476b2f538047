// SPDX-License-Identifier: BSD-2-Clause
// Sets every limit of a running agent's data path to zero, which no configuration may say: then
// every source is over its limit from its first packet on, however many there are.
#include <bpf/bpf.h>
#include <sys/mman.h>

#include <iostream>
#include <type_traits>

#include "weir/abi.h"
// The skeleton has the maps' types from there:
#include "weir.skel.h"

using Bss = std::remove_pointer_t<decltype(weir_bpf::bss)>;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: weir_zero_limit PIN_OF_CONTROL\n";
    return 2;
  }
  const int map = bpf_obj_get(argv[1]);
  void* memory =
      map < 0 ? MAP_FAILED : mmap(nullptr, sizeof(Bss), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (memory == MAP_FAILED) {
    std::cerr << "weir_zero_limit: no settings at " << argv[1] << '\n';
    return 1;
  }
  for (auto& slot : static_cast<Bss*>(memory)->weir_control.slots)
    for (auto& service : slot.services)
      for (auto& limit : service.limits) limit.start_throttle = limit.to_much = 0;
  return 0;
}
