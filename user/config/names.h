// SPDX-License-Identifier: BSD-2-Clause
// The tables of weir/verdict.h as text, and back. Generated from the tables themselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weir/verdict.h"

namespace weir {

std::string_view name_of(weir_verdict value);
std::string_view name_of(weir_event value);
std::string_view name_of(weir_action value);
std::string_view name_of(weir_window value);
std::string_view name_of(weir_mode value);
std::string_view name_of(weir_protocol value);
std::string_view name_of(weir_reason value);
std::string_view help_of(weir_reason value);

template <typename Enum>
std::optional<Enum> from_name(std::string_view name);  // for each enum above but reason and verdict
template <>
std::optional<weir_event> from_name(std::string_view name);
template <>  // not "deferred": that is what the data path did, not what can be asked for
std::optional<weir_action> from_name(std::string_view name);
template <>
std::optional<weir_window> from_name(std::string_view name);
template <>
std::optional<weir_mode> from_name(std::string_view name);
template <>
std::optional<weir_protocol> from_name(std::string_view name);

// "drop, reset, reply or challenge": for messages that name the choices.
template <typename Enum>
std::string choices();
template <>
std::string choices<weir_event>();
template <>
std::string choices<weir_action>();  // those an operator may set: not "deferred"
template <>
std::string choices<weir_window>();
template <>
std::string choices<weir_mode>();
template <>
std::string choices<weir_protocol>();

}  // namespace weir
