// SPDX-License-Identifier: BSD-2-Clause
// The JSON documents of output/json.h as text for people: at most 100 columns, no colour.
// Takes the document, not the data model, because the CLI has only what the agent sent; what
// is missing in it reads "-". Every text ends with a line's end.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace weir {

std::string stats_text(const nlohmann::ordered_json& document);
std::string series_text(const nlohmann::ordered_json& document);
std::string status_text(const nlohmann::ordered_json& document);
std::string users_text(const nlohmann::ordered_json& document);
std::string user_text(const nlohmann::ordered_json& document);
std::string paths_text(const nlohmann::ordered_json& document);
std::string requests_text(const nlohmann::ordered_json& document);
std::string bans_text(const nlohmann::ordered_json& document);
std::string allow_text(const nlohmann::ordered_json& document);
std::string limits_text(const nlohmann::ordered_json& document);
std::string config_text(const nlohmann::ordered_json& document);
std::string explanation_text(const nlohmann::ordered_json& document);
std::string event_text(const nlohmann::ordered_json& document);  // one line
// The same without the time and the end, however long: for a log that has its own.
std::string event_words(const nlohmann::ordered_json& document);

}  // namespace weir
