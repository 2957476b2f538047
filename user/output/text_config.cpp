// SPDX-License-Identifier: BSD-2-Clause
// `weir config show` for people: TOML with dotted keys, one value a line with its origin, so
// that a line can be copied into the configuration file.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "output/document.h"
#include "output/layout.h"
#include "output/text.h"

namespace weir {
namespace {

using document::Json;
using document::member;

constexpr std::size_t kCommentColumn = 60;  // at most; a longer line has its comment further on
constexpr std::size_t kOneLine = 80;        // a longer array has a line for each of its items

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
  for (const Json& item : array) lines.push_back({"  " + toml_value(item) + ",", {}});
  lines.push_back({"]", {}});
}

void add_lines(std::vector<Line>& lines, const std::string& path, const Json& value,
               const Json& origins) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items())
      add_lines(lines, path.empty() ? key : fmt::format("{}.{}", path, key), inner, origins);
  } else if (value.is_array()) {
    add_array(lines, path, value, document::text(origins, path.c_str()));
  } else {
    lines.push_back(
        {fmt::format("{} = {}", path, toml_value(value)), document::text(origins, path.c_str())});
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
