// SPDX-License-Identifier: BSD-2-Clause
// The sketches of a flood of new sources (bpf/lib/sketch.h).
#include <gtest/gtest.h>

#include "weir/abi.h"

extern "C" {
#include "lib/sketch.h"
}

namespace {

TEST(Tags, AreFoundInEachPlaceAndNowhereElse) {
  for (unsigned place = 0; place < 8; place++)
    for (unsigned tag = 1; tag < 256; tag++) {
      const __u64 tags = __u64{tag} << place * 8;
      EXPECT_TRUE(weir_has_tag(tags, static_cast<__u8>(tag)));
      for (unsigned other = 1; other < 256; other++)
        ASSERT_EQ(weir_has_tag(tags, static_cast<__u8>(other)), other == tag)
            << tag << " and " << other << " at " << place;
    }
}

TEST(Tags, AreNeverThatOfAFreePlace) {
  EXPECT_EQ(weir_tag_of(0), 1);
  EXPECT_EQ(weir_tag_of(0x80ull << 56), 0x80);
  EXPECT_FALSE(weir_has_tag(0, weir_tag_of(0)));
}

TEST(Tags, OfTwoSetsShareAWord) {
  EXPECT_EQ(weir_tag_at(6, 3), 3u);
  EXPECT_EQ(weir_tag_at(7, 0), 4u);
}

TEST(Notes, HoldTheFourNewest) {
  __u64 word = 0;
  for (__u16 note = 1; note <= 5; note++) word = weir_add_note(word, note);
  EXPECT_FALSE(weir_has_note(word, 1));
  for (__u16 note = 2; note <= 5; note++) EXPECT_TRUE(weir_has_note(word, note));
  EXPECT_FALSE(weir_has_note(word, 6));
  EXPECT_FALSE(weir_has_note(0, weir_note_of(0))) << "an empty word has none";
}

TEST(Notes, FindTheirPlaceByOtherBitsThanTheirSets) {
  EXPECT_LT(weir_note_index(~0ull), WEIR_NOTE_PAGES * WEIR_NOTE_WORDS);
  EXPECT_EQ(weir_note_index(0xffffff), 0u) << "the bits of sets";
  EXPECT_EQ(weir_note_of(0xffffffffff), 1u) << "the bits of the index";
}

}  // namespace
