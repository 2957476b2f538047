// SPDX-License-Identifier: BSD-2-Clause
// `weir config show` for people: TOML with dotted keys, one value a line with its origin, so
// that a line can be copied into the configuration file.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "output/document.h"
#include "output/layout.h"
#include "output/text.h"

namespace weir {
namespace {

using document::Json;
using document::member;

constexpr std::size_t kCommentColumn = 60;  // at most; a longer line has its comment further on
constexpr std::size_t kOneLine = 80;        // what is longer has several lines

struct Line {
  std::string text;
  std::string origin;  // empty: no comment
};

std::string toml_value(const Json& value) {
  if (value.is_object()) {  // an inline table must stay on one line
    std::string fields;
    for (const auto& [key, field] : value.items())
      fields += fmt::format("{}{} = {}", fields.empty() ? "" : ", ", key, toml_value(field));
    return "{ " + fields + " }";
  }
  // JSON's strings, numbers and truth values are TOML's, escapes included.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_array(std::vector<Line>& lines, const std::string& path, const Json& array,
               const std::string& origin) {
  std::string all;
  for (const Json& item : array) all.append(all.empty() ? "" : ", ").append(toml_value(item));
  const std::string one = fmt::format("{} = [{}]", path, all);
  const bool tables = !array.empty() && array.front().is_object();
  if (!tables && layout::width(one) <= kOneLine) return lines.push_back({one, origin});
  lines.push_back({path + " = [", origin});
  std::string line;
  for (const Json& item : array) {
    const std::string next = toml_value(item) + ",";
    if (!line.empty() && (tables || layout::width(line) + layout::width(next) > kOneLine))
      lines.push_back({std::exchange(line, {}), {}});
    line += (line.empty() ? "  " : " ") + next;
  }
  lines.push_back({line, {}});
  lines.push_back({"]", {}});
}

// How many bytes of a string's TOML belong together: an escape, or a character.
std::size_t step_of(std::string_view text) {
  if (text[0] != '\\') return first_character(text).length;
  return text.starts_with("\\u") ? 6 : 2;
}

// A text too long for one line: a backslash at a line's end swallows what blanks follow it.
void add_long_text(std::vector<Line>& lines, const std::string& path, std::string_view toml,
                   const std::string& origin) {
  lines.push_back({path + " = \"\"\"\\", origin});
  toml = toml.substr(1, toml.size() - 2);  // without its quotes
  std::string line;
  while (!toml.empty()) {
    const std::string_view next = toml.substr(0, step_of(toml));
    if (layout::width(line) >= kOneLine) lines.push_back({std::exchange(line, {}) + "\\", {}});
    line += line.empty() && next == " " ? "\\u0020" : next;
    toml.remove_prefix(next.size());
  }
  lines.push_back({line + "\"\"\"", {}});
}

void add_lines(std::vector<Line>& lines, const std::string& path, const Json& value,
               const Json& origins) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items())
      add_lines(lines, path.empty() ? key : fmt::format("{}.{}", path, key), inner, origins);
  } else if (value.is_array()) {
    add_array(lines, path, value, document::text(origins, path.c_str()));
  } else if (const std::string toml = toml_value(value);
             value.is_string() && layout::width(path) + layout::width(toml) > kOneLine) {
    add_long_text(lines, path, toml, document::text(origins, path.c_str()));
  } else {
    lines.push_back({fmt::format("{} = {}", path, toml), document::text(origins, path.c_str())});
  }
}

// A notice as a comment: every line of it, or the text would not be TOML any more.
std::string comment(const std::string& notice) {
  std::string text = layout::wrapped("# ", notice);
  for (std::size_t at = text.find("\n  "); at != std::string::npos; at = text.find("\n  ", at))
    text.replace(at, 3, "\n# ");
  return text;
}

}  // namespace

std::string config_text(const nlohmann::ordered_json& document) {
  std::vector<Line> lines;
  add_lines(lines, "", member(document, "config"), member(document, "origins"));
  std::size_t column = 0;
  for (Line& line : lines) {
    line.text = layout::printable(line.text);
    if (layout::width(line.text) <= kCommentColumn)
      column = std::max(column, layout::width(line.text));
  }
  std::string out;
  for (const Json& notice : member(document, "notices")) out += comment(document::cell(notice));
  for (const Line& line : lines) {
    const std::size_t used = layout::width(line.text);
    std::string text = line.text;
    if (!line.origin.empty())
      text += std::string(used < column ? column - used : 0, ' ') + "  # " + line.origin;
    out += layout::shortened(layout::printable(text), layout::kColumns) + "\n";
  }
  return out;
}

}  // namespace weir
