#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace hf {
namespace {

TEST(Error, HoldsWhatAPeerSaidAndCopiesItWhole) {
  const Error error = refused_by_peer(ErrorCode::kRefused, "login", PeerSaid{1045, "28000", "Access denied"});
  Error copy = error;
  Error moved = std::move(copy).in("server 'db1'");
  EXPECT_EQ(moved.context, "server 'db1': login");
  EXPECT_EQ(moved.peer_code(), 1045);
  EXPECT_EQ(*moved.said, *error.said);
  EXPECT_NE(&*moved.said, &*error.said) << "each its own: errors go to other threads";
  moved = Error{ErrorCode::kClosed, "closed"};
  EXPECT_TRUE(moved.said == nullptr);
  EXPECT_EQ(moved.peer_code(), 0);
  EXPECT_EQ(error.peer_code(), 1045);
}

TEST(Error, ShortagesAreToldApart) {
  EXPECT_EQ(system_error(EMFILE, "accept").code, ErrorCode::kExhausted);
  EXPECT_EQ(system_error(ENOMEM, "accept").code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(system_error(ENOMEM, "accept").context, "accept: Cannot allocate memory");
}

}  // namespace
}  // namespace hf
