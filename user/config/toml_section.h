// SPDX-License-Identifier: BSD-2-Clause
// Reading one table of a TOML document key by key: what is not asked for is a mistake, and
// every mistake has its line and column. Nothing here knows what the settings are.
#pragma once

#include <toml++/toml.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"

namespace weir {

// What reading a document has found: mistakes, and the place of each value by its path.
class Findings {
 public:
  void add_mistake(toml::source_position at, std::string message, std::string hint = {});
  [[nodiscard]] bool has_mistakes() const { return !mistakes_.empty(); }
  // The mistake nearest to the start of the file: "NAME:LINE:COLUMN: message".
  [[nodiscard]] Error first_mistake(const std::string& name) const;

  void set_place(const std::string& path, toml::source_position at) { places_[path] = at; }
  [[nodiscard]] bool has_place(const std::string& path) const { return places_.contains(path); }
  // Of the path, or of the nearest that encloses it.
  [[nodiscard]] toml::source_position place_of(std::string path) const;

 private:
  struct Mistake {
    toml::source_position at;
    std::string message;
    std::string hint;
  };
  std::vector<Mistake> mistakes_;
  std::map<std::string, toml::source_position> places_;
};

class Section {
 public:
  // `path` is empty for the document itself; `at` is where a missing key is reported.
  Section(Findings& findings, const toml::table& table, std::string path, toml::source_position at)
      : findings_(findings), table_(table), path_(std::move(path)), at_(at) {}

  template <typename T>
  void read(std::span<const Field<T>> fields, T& object);

  // The sections that a key holds; none, and a mistake, when it holds something else.
  [[nodiscard]] std::optional<Section> take_section(std::string_view key);
  [[nodiscard]] std::vector<Section> take_sections(std::string_view key);
  // The elements of an array by their paths; a mistake when it is not an array.
  struct Element {
    std::string path;
    const toml::node* node;
  };
  [[nodiscard]] std::vector<Element> take_elements(std::string_view key, const char* expected);
  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }

  // A section whose keys are names chosen by the operator, in the order of the file.
  [[nodiscard]] std::vector<std::string> keys_in_order() const;

  // Call last: every key that was not taken is a mistake.
  void refuse_the_rest();

 private:
  const toml::node* take(std::string_view key);
  [[nodiscard]] toml::source_position place_of_key(std::string_view key) const;
  [[nodiscard]] std::string path_of(std::string_view key) const;
  // The value of a field as text; none when the key is absent, or a mistake was noted.
  [[nodiscard]] std::optional<std::string> take_text(std::string_view key,
                                                     std::string_view canonical, TomlType type,
                                                     std::string (*expected)());
  void refuse_value(std::string_view key, const Error& error);
  void require(std::string_view key);

  Findings& findings_;
  const toml::table& table_;
  std::string path_;
  toml::source_position at_;
  std::vector<std::string_view> known_;
};

// "a whole number", "a table": for messages.
const char* type_text(const toml::node& node);

template <typename T>
void Section::read(std::span<const Field<T>> fields, T& object) {
  for (const Field<T>& field : fields) {
    const auto text = take_text(field.name, field.canonical, field.type, field.expected);
    if (!text) continue;
    if (Status status = field.set(object, *text); !status) refuse_value(field.name, status.error());
  }
  for (const Field<T>& field : fields) {
    if (field.required && field.name == field.canonical) require(field.name);
  }
}

}  // namespace weir
