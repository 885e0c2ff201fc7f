#include "upstream/address_book.h"

#include <gtest/gtest.h>

namespace hf::upstream {
namespace {

std::string text(const Result<net::Address>& address) {
  return address.ok() ? address->to_string() : address.error().context;
}

TEST(AddressBook, HasNumbersAndPathsByItself) {
  const AddressBook empty;
  EXPECT_EQ(text(empty.find({"10.0.0.1", 3306, ""})), "10.0.0.1:3306");
  EXPECT_EQ(text(empty.find({"fd00::7", 3306, ""})), "[fd00::7]:3306");
  EXPECT_EQ(text(empty.find({"", 0, "/run/db.sock"})), "unix:/run/db.sock");
  EXPECT_FALSE(without_look_up({"db1.example", 3306, ""}));
}

TEST(AddressBook, GivesANameTheAddressItHasNowAndThePortThatWasAskedFor) {
  AddressBook book;
  book.put("db1.example", IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(text(book.find({"db1.example", 3306, ""})), "10.0.0.1:3306");
  book.put("db1.example", IpAddress::v4(10, 0, 0, 2));
  EXPECT_EQ(text(book.find({"db1.example", 3307, ""})), "10.0.0.2:3307");
}

TEST(AddressBook, SaysWhyANameHasNoAddress) {
  AddressBook book;
  book.put("db1.example", Error{ErrorCode::kTimeout, "cannot resolve 'db1.example': no name server answered"});
  const Result<net::Address> silent = book.find({"db1.example", 3306, ""});
  EXPECT_EQ(text(silent), "cannot resolve 'db1.example': no name server answered");
  EXPECT_EQ(silent.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(text(book.find({"db2.example", 3306, ""})), "cannot resolve 'db2.example': it was not looked up");
}

}  // namespace
}  // namespace hf::upstream
