// SPDX-License-Identifier: BSD-2-Clause
// The book of paths: who is at the top, how wrong that may be, and that it stays small.
#include "stats/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace weir {
namespace {

using Id = PathBook::Id;

RequestView request_for(const std::string& path, weir_reason reason = WEIR_REASON_UNDER_LIMIT) {
  RequestView request;
  request.address = Address::parse("203.0.113.7").value();
  request.service = "web";
  request.method = "GET";
  request.path = path;
  request.reason = reason;
  return request;
}

std::vector<std::string> paths_of(const std::vector<PathView>& views) {
  std::vector<std::string> paths;
  paths.reserve(views.size());
  for (const PathView& view : views) paths.push_back(view.key.path);
  return paths;
}

TEST(TopPaths, AreExactAsLongAsThereIsRoom) {
  TopPaths top(3);
  for (const char* path : {"/a", "/b", "/a", "/c", "/a", "/b"}) top.add({"web", path}, 1);
  const auto sorted = top.sorted(10);
  ASSERT_EQ(sorted.size(), 3u);
  EXPECT_EQ(sorted[0].first.path, "/a");
  EXPECT_EQ(sorted[0].second.weight, 3u);
  EXPECT_EQ(sorted[1].second.weight, 2u);
  EXPECT_EQ(sorted[2].second.error, 0u);
  EXPECT_EQ(top.sorted(1).size(), 1u);
}

TEST(TopPaths, TellServicesApart) {
  TopPaths top(3);
  top.add({"web", "/a"}, 1);
  top.add({"api", "/a"}, 2);
  EXPECT_EQ(top.size(), 2u);
  EXPECT_EQ(top.sorted(1)[0].first.service, "api");
}

// The paper's bounds, on a stream of which a tenth of the paths are asked for most of the time.
TEST(TopPaths, HoldEveryHeavyOneAndAreNeverMoreWrongThanTheySay) {
  constexpr std::size_t kRoom = 50;
  TopPaths top(kRoom);
  std::map<std::string, std::uint64_t> truth;
  std::mt19937 random(1);
  std::uint64_t total = 0;
  for (int i = 0; i < 50'000; i++) {
    const auto rank = static_cast<int>(std::pow(random() % 10'000, 2) / 100'000);
    const std::string path = "/" + std::to_string(rank);
    const std::uint64_t weight = 1 + random() % 5;
    top.add({"web", path}, weight);
    truth[path] += weight;
    total += weight;
    ASSERT_LE(top.size(), kRoom);
  }
  ASSERT_GT(truth.size(), 10 * kRoom);
  std::map<std::string, TopPaths::Entry> shown;
  for (const auto& [key, entry] : top.sorted(kRoom)) shown[key.path] = entry;
  int heavy = 0;
  for (const auto& [path, weight] : truth) {
    if (weight <= total / kRoom) continue;
    heavy++;
    EXPECT_TRUE(shown.contains(path)) << path;
  }
  EXPECT_GT(heavy, 0);
  for (const auto& [path, entry] : shown) {
    EXPECT_GE(entry.weight, truth[path]) << path;
    EXPECT_LE(entry.weight - entry.error, truth[path]) << path;
    EXPECT_LE(entry.error, total / kRoom) << path;
  }
}

TEST(PathBook, CountsPathsAndWhatBecameOfTheirRequests) {
  PathBook book;
  book.take({1, 1}, request_for("/b"));
  for (std::uint64_t i = 0; i < 3; i++) book.take({2, i}, request_for("/a"));
  book.take({3, 1}, request_for("/a", WEIR_REASON_OVER_LIMIT));
  auto observed = request_for("/a", WEIR_REASON_OVER_LIMIT);
  observed.observed = true;
  book.take({4, 1}, observed);
  book.take({5, 1}, request_for("/a", WEIR_REASON_ALLOWED));
  const auto top = book.top(PathOrder::kCount, 10);
  EXPECT_THAT(paths_of(top), testing::ElementsAre("/a", "/b"));
  EXPECT_EQ(top[0].count, 6u);
  EXPECT_EQ(top[0].count_too_high, 0u);
  EXPECT_EQ(top[0].counts.turned_away, 1u);
  EXPECT_EQ(book.counted(), 7u);
  EXPECT_THAT(book.top(PathOrder::kTime, 10), testing::IsEmpty());
}

TEST(PathBook, KnowsHowLongTheAnswersToAPathTook) {
  PathBook book;
  book.take({1, 1}, request_for("/slow"));
  for (std::uint64_t i = 2; i < 7; i++) {
    book.take({i, 1}, request_for("/quick"));
    book.answer({i, 1}, {2, 1000});
  }
  book.answer({1, 1}, {5, 80'000});
  book.take({1, 2}, request_for("/slow"));
  book.answer({1, 2}, {2, 20'000});
  EXPECT_THAT(paths_of(book.top(PathOrder::kCount, 10)), testing::ElementsAre("/quick", "/slow"));
  const auto by_time = book.top(PathOrder::kTime, 10);
  ASSERT_THAT(paths_of(by_time), testing::ElementsAre("/slow", "/quick"));
  EXPECT_EQ(by_time[0].total_us, 100'000u);
  EXPECT_EQ(by_time[0].counts.answers, 2u);
  EXPECT_EQ(by_time[0].counts.longest_us, 80'000u);
  EXPECT_EQ(by_time[0].count, 2u);
  EXPECT_EQ(book.top(PathOrder::kCount, 1)[0].counts.total_us, 5000u);
}

TEST(PathBook, JoinsAnAnswerToItsOwnRequestOnly) {
  PathBook book;
  book.take({1, 1}, request_for("/first"));
  book.take({1, 2}, request_for("/second"));
  book.answer({1, 1}, {2, 1000});
  book.answer({2, 2}, {2, 1000});
  book.answer({1, 2}, {2, 3000});
  book.answer({1, 2}, {2, 9000});
  const auto by_time = book.top(PathOrder::kTime, 10);
  ASSERT_THAT(paths_of(by_time), testing::ElementsAre("/second"));
  EXPECT_EQ(by_time[0].total_us, 3000u);
  book.take({3, 1}, request_for("/kicked", WEIR_REASON_OVER_LIMIT));
  book.answer({3, 1}, {2, 1000});
  EXPECT_EQ(book.top(PathOrder::kTime, 10).size(), 1u) << "nobody waits for that answer";
}

TEST(PathBook, ShowsTheNewestRequestsInTheirOrderWithTheirAnswers) {
  PathBook book;
  for (std::uint64_t i = 0; i < PathBook::kNewest + 5; i++)
    book.take({i, 7}, request_for("/" + std::to_string(i)));
  book.answer({PathBook::kNewest + 3, 7}, {4, 1500});
  book.answer({0, 7}, {2, 1});
  const auto newest = book.newest(1000);
  ASSERT_EQ(newest.size(), PathBook::kNewest);
  EXPECT_EQ(newest.front().path, "/5");
  EXPECT_EQ(newest.back().path, "/104");
  EXPECT_FALSE(newest.back().answer);
  const auto& answered = newest[newest.size() - 2];
  ASSERT_TRUE(answered.answer);
  EXPECT_EQ(answered.answer->status_class, 4u);
  EXPECT_EQ(answered.answer->us, 1500u);
  EXPECT_EQ(book.newest(2).front().path, "/103");
}

TEST(PathBook, ShowsARequestWithoutAPathButDoesNotCountIt) {
  PathBook book;
  book.take({1, 1}, request_for(""));
  EXPECT_EQ(book.newest(10).size(), 1u);
  EXPECT_EQ(book.counted(), 0u);
  EXPECT_THAT(book.top(PathOrder::kCount, 10), testing::IsEmpty());
}

TEST(PathBook, TakesNoMoreRoomHoweverManyPathsAreAskedFor) {
  PathBook book;
  constexpr std::uint64_t kMany = 40'000;
  for (std::uint64_t i = 0; i < kMany; i++) {
    const Id id{i % 3 == 0 ? 1 : i, i};
    book.take(id, request_for("/scan/" + std::to_string(i)));
    if (i % 20 == 0) book.take({kMany + i, i}, request_for("/login"));
    if (i % 2 == 0) book.answer(id, {2, 100});
    ASSERT_LE(book.waiting(), PathBook::kWaiting);
  }
  EXPECT_EQ(book.top(PathOrder::kCount, kMany).size(), PathBook::kPaths);
  EXPECT_EQ(book.top(PathOrder::kTime, kMany).size(), PathBook::kPaths);
  EXPECT_EQ(book.newest(kMany).size(), PathBook::kNewest);
  const auto first = book.top(PathOrder::kCount, 1)[0];
  EXPECT_EQ(first.key.path, "/login") << "a scan does not push out what is really asked for";
  EXPECT_LE(first.count - first.count_too_high, kMany / 20);
  EXPECT_GE(first.count, kMany / 20);
}

}  // namespace
}  // namespace weir
