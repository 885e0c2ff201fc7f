// Every fuzzer runs once over each file of its corpus, tests/corpus/<fuzzer>/, without libFuzzer. What one of them
// complains of ends the program; the file is the last that was named.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>

#define HF_FUZZER(name) extern "C" int name(const std::uint8_t* data, std::size_t size);
#include "fuzzers.inc"
#undef HF_FUZZER

namespace {

struct Fuzzer {
  const char* name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};

constexpr Fuzzer kFuzzers[] = {
#define HF_FUZZER(name) {#name, name},
#include "fuzzers.inc"
#undef HF_FUZZER
};

class Corpus : public testing::TestWithParam<Fuzzer> {};

TEST_P(Corpus, IsRunThrough) {
  const std::filesystem::path folder = std::filesystem::path(HF_SOURCE_DIR) / "tests" / "corpus" / GetParam().name;
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder << ": a fuzzer comes with a corpus";
  std::set<std::filesystem::path> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) inputs.insert(entry.path());
  EXPECT_FALSE(inputs.empty()) << folder;
  for (const auto& input : inputs) {
    std::cerr << "running " << input.string() << '\n';
    std::ifstream file(input, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_EQ(GetParam().run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0) << input;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Corpus, testing::ValuesIn(kFuzzers),
                         [](const auto& fuzzer) { return std::string(fuzzer.param.name); });

}  // namespace
