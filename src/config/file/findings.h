// What every rule about the whole file works with: where keys stand, whether they are written, and the complaints.
//
// Owner: the rule while it runs; the ReadResult must outlive it. Thread: one at a time.
// Invariants:
//   1. at() always gives a place: of the key, or of the nearest table around it that is written, or 1:1.
#pragma once

#include <string>
#include <vector>

#include "config/file/reader.h"

namespace hf::config::file {

class Findings {
 public:
  explicit Findings(ReadResult& result) : result_(result) {}

  /// `place` as in Places: "vip[0].track[1].weight".
  bool written(const std::string& place) const { return result_.places.contains(place); }
  Position at(std::string place) const;
  /// Whether reading has already complained about exactly this place.
  bool drew_complaint(const std::string& place) const;
  /// Written, and nobody complained: the field holds what the operator wrote.
  bool good(const std::string& place) const { return written(place) && !drew_complaint(place); }

  bool bad(const std::string& place) const { return written(place) && drew_complaint(place); }

  void error(Position position, std::string what, std::string why, std::string remedy);
  void warning(Position position, std::string what, std::string why, std::string remedy);

  /// An error for each name that an earlier one has too. `what` is "service", "server", "user"; `place` gives the
  /// i-th's.
  template <typename Place>
  void check_unique(const std::string& what, const std::vector<std::string>& names, Place place) {
    std::vector<std::string> places;
    for (std::size_t i = 0; i < names.size(); ++i) places.push_back(place(i));
    check_unique_at(what, names, places);
  }

 private:
  void check_unique_at(const std::string& what, const std::vector<std::string>& names,
                       const std::vector<std::string>& places);

  ReadResult& result_;
};

}  // namespace hf::config::file
