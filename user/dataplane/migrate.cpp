// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/migrate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "base/fd.h"
#include "weir/abi.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

bool has_same_form(int map) {
  bpf_map_info info{};
  __u32 length = sizeof info;
  return bpf_obj_get_info_by_fd(map, &info, &length) == 0 &&
         info.type == BPF_MAP_TYPE_PERCPU_ARRAY && info.value_size == sizeof(weir_stats) &&
         info.max_entries == WEIR_INTERFACE_MAX;
}

// The old programs count on for a moment; that little is lost.
bool copy_counters(const std::string& from, int to) {
  const Fd old(bpf_obj_get(from.c_str()));
  if (!old || !has_same_form(old.get())) return false;
  std::vector<weir_stats> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (__u32 slot = 0; slot < WEIR_INTERFACE_MAX; slot++)
    if (bpf_map_lookup_elem(old.get(), &slot, values.data()) != 0 ||
        bpf_map_update_elem(to, &slot, values.data(), BPF_ANY) != 0)
      return false;
  return true;
}

}  // namespace

void take_over_layouts(const std::string& pin_dir, const PinDirectory& pins, int stats_map) {
  std::error_code error;
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(pin_dir, error)) {
    const std::string name = entry.path().filename();
    if (name.size() > 1 && name[0] == 'v' && entry.path() != fs::path(pins.maps).parent_path())
      others.push_back(entry.path());
  }
  for (const auto& other : others) {
    if (fs::is_empty(pins.links, error)) {
      if (!copy_counters(other / "maps" / "stats_by_slot", stats_map))
        spdlog::warn("{}: its counters have another form; they begin anew", other.string());
    }
    std::vector<fs::path> links;
    for (const auto& link : fs::directory_iterator(other / "links", error))
      links.push_back(link.path());
    for (const auto& link : links) fs::rename(link, fs::path(pins.links) / link.filename(), error);
    if (error) spdlog::error("taking over {}: {}", other.string(), error.message());
    fs::remove_all(other, error);
  }
}

}  // namespace weir
