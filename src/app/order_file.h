// OrderFile: the operators' standing orders in node.state_dir, so that what was released stays released over a restart
// and an upgrade. A line each: "release db", "prefer web".
//
// Owner: the gateway writes it (VipDesk), whoever starts the guardian reads it. Thread: the owner's; writing is done by
// a thread of its own, which the kernel may hold for as long as it likes.
// Invariants:
//   1. The file is the old one or the new one, whole; without orders there is none.
//   2. keep() never waits. The latest orders are written, what was overtaken is not.
//   3. Nothing but a regular file of at most kLargest bytes is read, and no symbolic link followed: the folder is the
//      gateway's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "vip/standing_order.h"

namespace hf::app {

class OrderFile {
 public:
  static constexpr std::size_t kLargest = 65536;
  using Orders = std::vector<vip::StandingOrder>;

  static std::string path_in(const std::string& state_dir) { return state_dir + "/vip_orders"; }
  /// None where there is no file. kProtocol: a line that is no order, named by its number.
  static Result<Orders> read(const std::string& path);

  explicit OrderFile(std::string path);
  OrderFile(const OrderFile&) = delete;
  OrderFile& operator=(const OrderFile&) = delete;
  /// Waits for what is being written, at most kPatienceAtEnd.
  ~OrderFile();

  void keep(const Orders& orders);
  /// Why the orders could not be written, once for each reason; they are written again every kRetry until they are.
  std::string take_error();

 private:
  static constexpr Nanos kPatienceAtEnd = 1s;
  static constexpr Nanos kRetry = 5s;
  struct Shared;

  std::shared_ptr<Shared> shared_;
};

}  // namespace hf::app
