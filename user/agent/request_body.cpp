// SPDX-License-Identifier: BSD-2-Clause
#include "agent/request_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "agent/run.h"
#include "base/quote.h"
#include "config/names.h"

namespace weir {
namespace {

using Body = nlohmann::json;

constexpr int kDepthMax = 4;  // no request nests deeper than one
constexpr std::size_t kReasonMax = 256;

// An object with no other fields than these.
Result<Body> object_of(const std::string& body, std::initializer_list<const char*> fields) {
  bool too_deep = false;
  const auto bounded = [&](int depth, Body::parse_event_t, Body&) {
    too_deep = too_deep || depth > kDepthMax;
    return !too_deep;
  };
  Body document = Body::parse(body, bounded, /*allow_exceptions=*/false);
  if (too_deep) return fail(ErrorCode::kInvalid, "the body nests too deep");
  if (!document.is_object()) return fail(ErrorCode::kInvalid, "the body is not a JSON object");
  for (const auto& item : document.items())
    if (std::none_of(fields.begin(), fields.end(),
                     [&](const char* field) { return item.key() == field; }))
      return fail(ErrorCode::kInvalid,
                  fmt::format("there is no field {}", weir::quoted(item.key())));
  return document;
}

Result<std::string> text_in(const Body& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return std::string();
  if (!found->is_string())
    return fail(ErrorCode::kInvalid, fmt::format("{} must be a text", field));
  return found->get<std::string>();
}

Result<bool> flag_in(const Body& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return false;
  if (!found->is_boolean())
    return fail(ErrorCode::kInvalid, fmt::format("{} must be true or false", field));
  return found->get<bool>();
}

Result<Agent::Confirm> confirm_in(const Body& object) {
  auto text = text_in(object, "confirm");
  if (!text) return tl::unexpected(std::move(text.error()));
  if (!object.contains("confirm")) return Agent::Confirm();
  auto time = parse_duration(*text);
  if (!time) return tl::unexpected(std::move(time.error()));
  if (*time < kConfirmMin || *time > kConfirmMax)
    return fail(ErrorCode::kInvalid,
                fmt::format("confirm must be from {} to {}", format_duration(kConfirmMin),
                            format_duration(kConfirmMax)));
  return Agent::Confirm(*time);
}

Result<std::string> reason_in(const Body& object) {
  auto reason = text_in(object, "reason");
  if (reason && reason->size() > kReasonMax)
    return fail(ErrorCode::kInvalid, fmt::format("reason is longer than {} bytes", kReasonMax));
  return reason;
}

Result<Prefix> prefix_in(const Body& object) {
  return text_in(object, "address").and_then([](const std::string& text) -> Result<Prefix> {
    if (text.empty()) return fail(ErrorCode::kInvalid, "address is missing");
    return Prefix::parse(text);
  });
}

}  // namespace

Result<BanRequest> ban_request_of(const std::string& body) {
  auto object = object_of(body, {"address", "for", "reason", "all", "force"});
  if (!object) return tl::unexpected(std::move(object.error()));
  BanRequest request;
  auto prefix = prefix_in(*object);
  if (!prefix) return tl::unexpected(std::move(prefix.error()));
  auto duration = text_in(*object, "for");
  if (!duration) return tl::unexpected(std::move(duration.error()));
  auto reason = reason_in(*object);
  if (!reason) return tl::unexpected(std::move(reason.error()));
  auto all = flag_in(*object, "all"), force = flag_in(*object, "force");
  if (!all) return tl::unexpected(std::move(all.error()));
  if (!force) return tl::unexpected(std::move(force.error()));
  if (object->contains("for")) {
    auto parsed = parse_duration(*duration);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    request.duration = *parsed;
  }
  request.prefix = *prefix;
  request.reason = *reason;
  request.all = *all;
  request.force = *force;
  return request;
}

Result<AllowRequest> allow_request_of(const std::string& body) {
  auto object = object_of(body, {"address", "reason"});
  if (!object) return tl::unexpected(std::move(object.error()));
  auto prefix = prefix_in(*object);
  if (!prefix) return tl::unexpected(std::move(prefix.error()));
  auto reason = reason_in(*object);
  if (!reason) return tl::unexpected(std::move(reason.error()));
  return AllowRequest{*prefix, *reason};
}

Result<AttachRequest> attach_request_of(const std::string& body) {
  auto object = object_of(body, {"name", "attach"});
  if (!object) return tl::unexpected(std::move(object.error()));
  auto name = text_in(*object, "name"), how = text_in(*object, "attach");
  if (!name) return tl::unexpected(std::move(name.error()));
  if (!how) return tl::unexpected(std::move(how.error()));
  if (name->empty()) return fail(ErrorCode::kInvalid, "name is missing");
  const auto attach = attach_from_name(how->empty() ? "auto" : *how);
  if (!attach)
    return fail(ErrorCode::kInvalid, fmt::format("attach cannot be {}", weir::quoted(*how)),
                "it is auto, native, generic or tc");
  return AttachRequest{*name, *attach};
}

Result<ModeRequest> mode_request_of(const std::string& body) {
  auto object = object_of(body, {"mode", "confirm"});
  if (!object) return tl::unexpected(std::move(object.error()));
  auto name = text_in(*object, "mode");
  if (!name) return tl::unexpected(std::move(name.error()));
  const auto mode = from_name<weir_mode>(*name);
  if (!mode)
    return fail(ErrorCode::kInvalid, fmt::format("mode cannot be {}", weir::quoted(*name)),
                "it is " + choices<weir_mode>());
  auto confirm = confirm_in(*object);
  if (!confirm) return tl::unexpected(std::move(confirm.error()));
  return ModeRequest{*mode, *confirm};
}

Result<bool> undo_of(const std::string& body) {
  if (body.empty()) return false;
  auto object = object_of(body, {"undo"});
  if (!object) return tl::unexpected(std::move(object.error()));
  return flag_in(*object, "undo");
}

Result<LimitRequest> limit_request_of(const std::string& body) {
  auto object = object_of(body, {"startThrottle", "toMuch", "tooMuch", "timeout", "timeoutMs",
                                 "window", "delay", "delayMs", "action", "confirm"});
  if (!object) return tl::unexpected(std::move(object.error()));
  auto confirm = confirm_in(*object);
  if (!confirm) return tl::unexpected(std::move(confirm.error()));
  object->erase("confirm");
  Changes values;
  for (const auto& [name, value] : object->items()) {
    // Under its one name, so that a stored change is found again.
    const bool in_ms = name == "timeoutMs" || name == "delayMs";
    const std::string field = name == "tooMuch"     ? "toMuch"
                              : name == "timeoutMs" ? "timeout"
                              : name == "delayMs"   ? "delay"
                                                    : name;
    if (value.is_string() && !in_ms)
      values[field] = value.get<std::string>();
    else if (value.is_number_integer())
      values[field] = value.dump() + (in_ms ? "ms" : "");
    else
      return fail(ErrorCode::kInvalid, fmt::format("{} must be a number or a text", name));
  }
  if (values.empty())
    return fail(ErrorCode::kInvalid, "no value is given",
                "startThrottle, toMuch, timeout, window, delay or action");
  return LimitRequest{std::move(values), *confirm};
}

}  // namespace weir
