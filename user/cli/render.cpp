// SPDX-License-Identifier: BSD-2-Clause
// See render.h.
#include "cli/render.h"

#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "output/text.h"

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string with_newline(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

std::vector<std::string> notices_in(const Json& document) {
  std::vector<std::string> notices;
  const auto found = document.find("notices");
  if (found == document.end() || !found->is_array()) return notices;
  for (const Json& notice : *found) {
    if (notice.is_string()) notices.push_back(notice.get<std::string>());
  }
  return notices;
}

// The reading commands have a text of their own; what writes answers with a message.
struct TextOf {
  const Json& document;

  std::string operator()(const ShowStatus&) const { return status_text(document); }
  std::string operator()(const ShowStats& command) const {
    return command.series ? series_text(document) : stats_text(document);
  }
  std::string operator()(const ShowUsers&) const { return users_text(document); }
  std::string operator()(const ShowUser&) const { return user_text(document); }
  std::string operator()(const ShowPaths&) const { return paths_text(document); }
  std::string operator()(const ShowRequests&) const { return requests_text(document); }
  std::string operator()(const ListLimits&) const { return limits_text(document); }
  std::string operator()(const ListBans&) const { return bans_text(document); }
  std::string operator()(const ListAllowed&) const { return allow_text(document); }
  std::string operator()(const Explain&) const { return explanation_text(document); }
  std::string operator()(const ShowConfig&) const { return config_text(document); }
  template <typename Command>
  std::string operator()(const Command&) const {
    return one_line(document.value("message", "done"));
  }
};

// Documents whose text shows the notices itself.
bool shows_notices(const Command& command) { return std::holds_alternative<ShowConfig>(command); }

}  // namespace

Result<Page> render(const Invocation& invocation, const std::string& answer) {
  const auto unreadable = [](const std::string& why) {
    return fail(ErrorCode::kSystem, "the agent's answer cannot be read: " + why,
                "is the agent of another version? 'weir --version' tells this one's");
  };
  const Json document = Json::parse(answer, nullptr, false);
  if (!document.is_object()) return unreadable("it is no JSON object");
  Page page;
  if (invocation.json) {
    page.text = with_newline(answer);
    return page;
  }
  try {
    page.text = with_newline(std::visit(TextOf{document}, invocation.command));
  } catch (const Json::exception& exception) {
    return unreadable(exception.what());
  }
  if (!shows_notices(invocation.command)) page.notices = notices_in(document);
  return page;
}

std::string render_event(const std::string& line, bool json) {
  if (json) return line + "\n";
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object()) return one_line(line) + "\n";
  try {
    return with_newline(event_text(event));
  } catch (const Json::exception&) {
    return one_line(line) + "\n";
  }
}

std::string compact(const std::string& document) {
  const Json parsed = Json::parse(document, nullptr, false);
  return parsed.is_discarded() ? document
                               : parsed.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir::cli
