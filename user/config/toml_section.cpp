// SPDX-License-Identifier: BSD-2-Clause
// Reading one table of a TOML document key by key.
#include "config/toml_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/quote.h"
#include "config/suggest.h"

namespace weir {
namespace {

bool is_before(toml::source_position a, toml::source_position b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

}  // namespace

const char* type_text(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
  }
  return "something else";
}

void Findings::add_mistake(toml::source_position at, std::string message, std::string hint) {
  mistakes_.push_back({at, std::move(message), std::move(hint)});
}

Error Findings::first_mistake(const std::string& name) const {
  const auto first = std::ranges::min_element(mistakes_, is_before, &Mistake::at);
  // Parsers may leave out a place (a document that is empty, say); 1:1 is then as good as any.
  const auto line = std::max<toml::source_index>(first->at.line, 1);
  const auto column = std::max<toml::source_index>(first->at.column, 1);
  return {ErrorCode::kInvalid,
          one_line(fmt::format("{}:{}:{}: {}", name, line, column, first->message)),
          one_line(first->hint)};
}

toml::source_position Findings::place_of(std::string path) const {
  while (!path.empty()) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    const std::size_t dot = path.rfind('.');
    path.resize(dot == path.npos ? 0 : dot);
  }
  return {};
}

std::string Section::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

toml::source_position Section::place_of_key(std::string_view key) const {
  const auto found = table_.find(key);
  return found == table_.end() ? at_ : found->first.source().begin;
}

const toml::node* Section::take(std::string_view key) {
  known_.push_back(key);
  return table_.get(key);
}

std::optional<std::string> Section::take_text(std::string_view key, std::string_view canonical,
                                              TomlType type, std::string (*expected)()) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  const std::string path = path_of(canonical);
  if (findings_.has_place(path)) {
    findings_.add_mistake(place_of_key(key),
                          fmt::format("{} is given twice, as {} and as {}", path, canonical, key),
                          "keep one of the two");
    return std::nullopt;
  }
  findings_.set_place(path, node->source().begin);
  switch (type) {
    case TomlType::kNumber:
      if (const auto* number = node->as_integer()) return std::to_string(number->get());
      break;
    case TomlType::kText:
      if (const auto* text = node->as_string()) return text->get();
      break;
    case TomlType::kTruth:
      if (const auto* truth = node->as_boolean()) return truth->get() ? "true" : "false";
      break;
  }
  findings_.add_mistake(node->source().begin, fmt::format("{} must be {}, not {}", path_of(key),
                                                          expected(), type_text(*node)));
  return std::nullopt;
}

void Section::refuse_value(std::string_view key, const Error& error) {
  const toml::node* node = table_.get(key);
  findings_.add_mistake(node->source().begin, fmt::format("{} {}", path_of(key), error.message),
                        error.hint);
}

void Section::require(std::string_view key) {
  if (findings_.has_place(path_of(key))) return;
  findings_.add_mistake(at_, fmt::format("{}: {} is missing", path_, key));
}

std::optional<Section> Section::take_section(std::string_view key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  const toml::source_position at = place_of_key(key);
  findings_.set_place(path_of(key), at);
  if (const toml::table* table = node->as_table()) {
    return Section(findings_, *table, path_of(key), at);
  }
  findings_.add_mistake(
      at, fmt::format("{} must be a table, not {}", one_line(path_of(key)), type_text(*node)));
  return std::nullopt;
}

std::vector<Section> Section::take_sections(std::string_view key) {
  std::vector<Section> sections;
  for (const Element& element : take_elements(key, "an array of tables")) {
    const toml::source_position at = element.node->source().begin;
    if (const toml::table* table = element.node->as_table()) {
      sections.emplace_back(findings_, *table, element.path, at);
    } else {
      findings_.add_mistake(
          at, fmt::format("{} must be a table, not {}", element.path, type_text(*element.node)));
    }
  }
  return sections;
}

std::vector<Section::Element> Section::take_elements(std::string_view key, const char* expected) {
  std::vector<Element> elements;
  const toml::node* node = take(key);
  if (node == nullptr) return elements;
  const std::string path = path_of(key);
  findings_.set_place(path, node->source().begin);
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    findings_.add_mistake(node->source().begin,
                          fmt::format("{} must be {}, not {}", path, expected, type_text(*node)));
    return elements;
  }
  for (const toml::node& item : *array) {
    elements.push_back({fmt::format("{}.{}", path, elements.size()), &item});
    findings_.set_place(elements.back().path, item.source().begin);
  }
  return elements;
}

std::vector<std::string> Section::keys_in_order() const {
  std::vector<std::pair<toml::source_position, std::string>> found;
  for (const auto& [key, node] : table_) found.emplace_back(key.source().begin, key.str());
  std::ranges::sort(found, is_before, &std::pair<toml::source_position, std::string>::first);
  std::vector<std::string> keys;
  keys.reserve(found.size());
  for (auto& [at, key] : found) keys.push_back(std::move(key));
  return keys;
}

void Section::refuse_the_rest() {
  for (const auto& [key, node] : table_) {
    if (std::ranges::find(known_, key.str()) != known_.end()) continue;
    const std::string_view nearest = nearest_name(key.str(), known_);
    const std::string where = path_.empty() ? std::string() : " in " + path_;
    const std::string guess =
        nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
    findings_.add_mistake(key.source().begin,
                          fmt::format("unknown key {}{}{}", weir::quoted(key.str()), where, guess),
                          fmt::format("known here: {}", fmt::join(known_, ", ")));
  }
}

}  // namespace weir
