#include "proto/vrrp/internet_checksum.h"

#include <gtest/gtest.h>

#include "proto/vrrp/test_bytes.h"

namespace hf::proto::vrrp {
namespace {

using testing::unhex;

TEST(InternetChecksum, OfRfc1071Clause3IsRight) {
  // The RFC's own example sums to ddf2.
  EXPECT_EQ(InternetChecksum().add(unhex("0001 f203 f4f5 f6f7")).result(), 0xFFFF - 0xDDF2);
}

TEST(InternetChecksum, OfAnOddLengthCountsTheLastByteAsTheHighOne) {
  EXPECT_EQ(InternetChecksum().add(unhex("ab")).result(), 0xFFFF - 0xAB00);
}

TEST(InternetChecksum, OfAMessageThatCarriesItsChecksumIsZero) {
  EXPECT_EQ(InternetChecksum().add(unhex("45c0002000010000ff701487c6120001e0000012")).result(), 0);
}

}  // namespace
}  // namespace hf::proto::vrrp
