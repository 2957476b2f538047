// SPDX-License-Identifier: BSD-2-Clause
#include "bans/ban_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/quote.h"

namespace weir {
namespace {

using Texts = std::shared_ptr<const ListedTexts>;

struct ByValue {
  bool operator()(const Texts& a, const Texts& b) const { return *a < *b; }
};

class Builder {
 public:
  explicit Builder(WallTime now) : now_(now) {}

  // One entry; `where` says which it is, when it is wrong.
  Status add(ListedBan ban, ListedTexts texts) {
    if (count_++ >= kBanListMax)
      return fail(ErrorCode::kTooLarge,
                  fmt::format("the list has more than {} entries", kBanListMax));
    if (ban.has_end && ban.until && *ban.until <= now_) {
      list_.over++;
      return {};
    }
    ban.texts = *texts_.insert(std::make_shared<const ListedTexts>(std::move(texts))).first;
    list_.bans.push_back(std::move(ban));
    return {};
  }
  [[nodiscard]] std::size_t count() const { return count_; }

  BanList finish() {
    auto& bans = list_.bans;
    // Of one prefix the ban that lasts longest comes first, and stays.
    std::stable_sort(bans.begin(), bans.end(), [](const ListedBan& a, const ListedBan& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      return end_of(a) > end_of(b);
    });
    const auto same = [](const ListedBan& a, const ListedBan& b) { return a.prefix == b.prefix; };
    const auto last = std::unique(bans.begin(), bans.end(), same);
    list_.duplicates = static_cast<std::size_t>(bans.end() - last);
    bans.erase(last, bans.end());
    // In this order a network stands before what is inside it.
    const Prefix* outer = nullptr;
    for (const ListedBan& ban : bans) {
      if (outer != nullptr && outer->length() < ban.prefix.length() &&
          outer->contains(ban.prefix.address()))
        list_.overlaps++;
      else
        outer = &ban.prefix;
    }
    return std::move(list_);
  }

 private:
  // What does not say is for the importer to decide: it counts as the longest.
  static WallTime end_of(const ListedBan& ban) { return ban.until.value_or(WallTime::max()); }

  WallTime now_;
  BanList list_;
  std::size_t count_ = 0;
  std::set<Texts, ByValue> texts_;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\v\f";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

Result<BanList> read_lines(std::string_view text, WallTime now) {
  Builder builder(now);
  std::size_t number = 0;
  while (!text.empty()) {
    number++;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    auto prefix = Prefix::parse(line);
    if (!prefix) return fail(fmt::format("line {}", number), prefix.error());
    ListedBan ban;
    ban.prefix = *prefix;
    if (auto added = builder.add(std::move(ban), {}); !added) return tl::unexpected(added.error());
  }
  return builder.finish();
}

// Takes entries as they come: a million of them as one document would need a gigabyte.
class Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(WallTime now) : builder_(now) {}

  Result<BanList> finish() {
    if (error_) return tl::unexpected(*error_);
    if (!has_list_)
      return fail(ErrorCode::kInvalid, "the document has no list of bans",
                  "weir ban export --json writes one");
    return builder_.finish();
  }

  bool null() override {
    return value([](Reader& reader) {
      if (reader.key_ == "until") reader.ban_.has_end = true;  // there is none
      return reader.key_ != "address" || reader.wrong("address must be a text");
    });
  }
  bool boolean(bool is) override {
    return value([&](Reader& reader) {
      if (reader.key_ == "all") reader.ban_.all = is;
      return reader.key_ != "address" || reader.wrong("address must be a text");
    });
  }
  bool number_integer(std::int64_t number) override { return whole(number); }
  bool number_unsigned(std::uint64_t number) override {
    return whole(static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT32_MAX)));
  }
  bool number_float(double, const std::string&) override {
    return value([](Reader& reader) { return reader.wrong(reader.key_ + " is not valid"); });
  }
  bool string(std::string& text) override;
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override;
  bool end_object() override;
  bool key(std::string& name) override {
    if (depth_ == entry_depth() || depth_ == 1) key_ = name;
    return true;
  }
  bool start_array(std::size_t) override;
  bool end_array() override {
    if (in_list_ && depth_ == list_depth_) in_list_ = false;
    depth_--;
    return true;
  }
  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::detail::exception&) override {
    if (!error_)
      error_ = Error{ErrorCode::kInvalid, fmt::format("no valid JSON at byte {}", at), ""};
    return false;
  }

 private:
  [[nodiscard]] int entry_depth() const { return in_list_ ? list_depth_ + 1 : -1; }
  [[nodiscard]] bool in_entry() const { return in_list_ && depth_ == entry_depth(); }
  bool wrong(const std::string& why, const std::string& hint = {}) {
    error_ =
        Error{ErrorCode::kInvalid, fmt::format("entry {}: {}", builder_.count() + 1, why), hint};
    return false;
  }
  template <typename Act>
  bool value(Act act) {
    if (in_list_ && depth_ == list_depth_) return wrong("an entry must be a text or an object");
    return !in_entry() || act(*this);
  }
  bool whole(std::int64_t number) {
    return value([&](Reader& reader) {
      if (reader.key_ == "times" && number >= 1 && number <= INT32_MAX)
        reader.ban_.times = static_cast<int>(number);
      else if (reader.key_ == "address" || reader.key_ == "until" || reader.key_ == "times")
        return reader.wrong(reader.key_ + " is not valid");
      return true;
    });
  }
  bool add() {
    if (auto added = builder_.add(std::move(ban_), std::move(texts_)); !added) {
      error_ = added.error();
      return false;
    }
    return true;
  }
  bool take_address(const std::string& text) {
    auto prefix = Prefix::parse(text);
    if (!prefix) return wrong(prefix.error().message, prefix.error().hint);
    ban_.prefix = *prefix;
    has_address_ = true;
    return true;
  }

  Builder builder_;
  std::optional<Error> error_;
  int depth_ = 0, list_depth_ = 0;
  bool in_list_ = false, has_list_ = false, has_address_ = false;
  std::string key_;
  ListedBan ban_;
  ListedTexts texts_;
};

bool Reader::string(std::string& text) {
  if (in_list_ && depth_ == list_depth_) {
    ban_ = {};
    texts_ = {};
    return take_address(text) && add();
  }
  if (!in_entry()) return true;
  if (key_ == "address") return take_address(text);
  if (key_ == "since" || key_ == "until") {
    auto time = parse_time(text);
    if (!time) return wrong(key_ + ": " + time.error().message, time.error().hint);
    (key_ == "since" ? ban_.since : ban_.until) = *time;
    ban_.has_end = ban_.has_end || key_ == "until";
  }
  if (key_ == "reason" || key_ == "rule") {
    if (text.size() > kListedTextMax)
      return wrong(fmt::format("{} is longer than {} bytes", key_, kListedTextMax));
    (key_ == "reason" ? texts_.reason : texts_.rule) = text;
  }
  return true;
}

bool Reader::start_object(std::size_t) {
  depth_++;
  if (in_entry()) {
    ban_ = {};
    texts_ = {};
    has_address_ = false;
    key_.clear();
  } else if (in_list_) {
    return wrong(key_ + " is not valid");
  }
  return true;
}

bool Reader::end_object() {
  const bool is_entry = in_entry();
  depth_--;
  if (!is_entry) return true;
  if (!has_address_) return wrong("it has no address");
  return add();
}

// The list is the document itself, or "bans" in it.
bool Reader::start_array(std::size_t) {
  depth_++;
  if (in_list_) return wrong("an entry must be a text or an object");
  if (!has_list_ && (depth_ == 1 || (depth_ == 2 && key_ == "bans"))) {
    in_list_ = has_list_ = true;
    list_depth_ = depth_;
  }
  return true;
}

}  // namespace

const ListedBan* find_ban(const BanList& list, const Address& address) {
  for (int length = address.is_v4() ? 32 : 128; length >= 0; length--) {
    const Prefix prefix = Prefix::around(address, length);
    const auto found = std::lower_bound(
        list.bans.begin(), list.bans.end(), prefix,
        [](const ListedBan& ban, const Prefix& wanted) { return ban.prefix < wanted; });
    if (found != list.bans.end() && found->prefix == prefix) return &*found;
  }
  return nullptr;
}

Result<BanList> read_ban_list(std::string_view text, WallTime now) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos || (text[first] != '{' && text[first] != '['))
    return read_lines(text, now);
  Reader reader(now);
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  return reader.finish();
}

}  // namespace weir
