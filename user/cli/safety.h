// SPDX-License-Identifier: BSD-2-Clause
// Bans that would lock the operator out.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/command.h"

namespace weir::cli {

// The first word of $SSH_CONNECTION: the address that a remote shell comes from.
std::optional<Address> ssh_peer(const std::string& ssh_connection);
// kRefused when a ban is for everybody or for the operator's own address, unless forced. Pure.
Status check_ban(const AddBan& ban, const std::optional<Address>& operator_address);
// $SSH_CONNECTION of this process, or of the nearest ancestor that has one: sudo and su drop it
// from the environment. Empty when nobody has.
std::string find_ssh_connection();

}  // namespace weir::cli
