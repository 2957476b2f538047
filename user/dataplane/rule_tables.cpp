// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/rule_tables.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

Status refused(const char* what) {
  return fail(ErrorCode::kSystem, std::string("writing ") + what + ": " + std::strerror(errno));
}

template <typename Key>
std::vector<Key> keys_of_slot(int map, unsigned slot) {
  std::vector<Key> keys;
  Key key{}, next{};
  for (const Key* before = nullptr; bpf_map_get_next_key(map, before, &next) == 0; before = &key) {
    key = next;
    if (key.slot == slot) keys.push_back(key);
  }
  return keys;
}

template <typename Key, typename Value>
Status replace(int map, unsigned slot, const std::vector<std::pair<Key, Value>>& entries,
               const char* what) {
  // Afterwards, for a walk goes on from a key that is there.
  for (const Key& key : keys_of_slot<Key>(map, slot))
    if (bpf_map_delete_elem(map, &key) != 0 && errno != ENOENT) return refused(what);
  for (const auto& [key, value] : entries)
    if (bpf_map_update_elem(map, &key, &value, BPF_ANY) != 0) return refused(what);
  return {};
}

}  // namespace

weir_path_key path_key(unsigned slot, const weir_path_rule& rule) {
  weir_path_key key{};
  const __u32 length = std::min<__u32>(rule.length, WEIR_PATH_MAX);
  key.prefixlen = static_cast<__u32>(8 * (sizeof key.slot + sizeof key.service + length));
  key.slot = static_cast<__u8>(slot);
  key.service = static_cast<__u8>(rule.service);
  std::memcpy(key.text, rule.prefix, length);
  return key;
}

weir_suffix_key suffix_key(unsigned slot, const char* suffix) {
  weir_suffix_key key{};
  key.slot = static_cast<__u8>(slot);
  std::memcpy(key.text, suffix, strnlen(suffix, WEIR_SUFFIX_MAX));
  return key;
}

Status RuleTables::write(unsigned slot, const weir_settings& settings) {
  std::vector<std::pair<weir_path_key, __u32>> paths;
  for (__u32 i = 0; i < WEIR_RULE_MAX && settings.rules[i].service != 0; i++)
    paths.emplace_back(path_key(slot, settings.rules[i]), i);
  if (auto written = replace(paths_, slot, paths, "path rules"); !written) return written;

  std::vector<std::pair<weir_suffix_key, __u8>> suffixes;
  for (int i = 0; i < WEIR_SUFFIX_COUNT && settings.suffixes[i][0] != '\0'; i++)
    suffixes.emplace_back(suffix_key(slot, settings.suffixes[i]), 1);
  return replace(suffixes_, slot, suffixes, "the suffixes of media");
}

}  // namespace weir
