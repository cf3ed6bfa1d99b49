// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/workloads/datasets/idx.h>
#include <tilework/workloads/datasets/load_dataset.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tilework::workload {
namespace {

using bytes = std::vector<std::uint8_t>;

void append_word(bytes& to, std::uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(word >> shift));
}

constexpr std::uint32_t features = 28 * 28;

/// Pixel p of image i is (i + p) mod 256.
bytes image_file(std::uint32_t images) {
  bytes file;
  for (const std::uint32_t word : {2051U, images, 28U, 28U})
    append_word(file, word);
  for (std::uint32_t i = 0; i < images; ++i)
    for (std::uint32_t p = 0; p < features; ++p)
      file.push_back(static_cast<std::uint8_t>(i + p));
  return file;
}

bytes label_file(const bytes& labels) {
  bytes file;
  append_word(file, 2049);
  append_word(file, static_cast<std::uint32_t>(labels.size()));
  file.insert(file.end(), labels.begin(), labels.end());
  return file;
}

std::uint32_t crc32(const bytes& data) {
  std::uint32_t crc = 0xffffffffU;
  for (const std::uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

/// A gzip file (RFC 1952) of one uncompressed block; at most 65535 bytes.
bytes gzip_of(const bytes& data) {
  const auto append_little = [](bytes& to, std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i)
      to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  bytes file{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1};
  const auto size = static_cast<std::uint32_t>(data.size());
  append_little(file, size, 2);
  append_little(file, ~size, 2);
  file.insert(file.end(), data.begin(), data.end());
  append_little(file, crc32(data), 4);
  append_little(file, size, 4);
  return file;
}

class idx : public testing::Test {
protected:
  void SetUp() override {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    directory = std::filesystem::path(testing::TempDir()) / (std::string("tilework_idx_") + test->name());
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  void write(const std::string& name, const bytes& content) const {
    std::ofstream file(directory / name, std::ios::binary);
    for (const auto byte : content)
      file.put(static_cast<char>(byte));
  }
  void write_pair(const bytes& images, const bytes& labels) const {
    write("images", images);
    write("labels", labels);
  }
  [[nodiscard]] labelled_set read() const { return read_idx(directory / "images", directory / "labels", {}); }

  /// The call throws one line that starts with the file to blame and contains `what`.
  template <typename F>
  void expect_error(const std::string& file, const std::string& what, F call) const {
    try {
      call();
      FAIL() << "no error, expected: " << what;
    } catch (const input_error& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.rfind((directory / file).string() + ":0:0: ", 0), 0U) << message;
      EXPECT_NE(message.find(what), std::string::npos) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
  }
  void expect_error(const std::string& file, const std::string& what) const {
    expect_error(file, what, [&] { static_cast<void>(read()); });
  }

  std::filesystem::path directory;
};

TEST_F(idx, reads_images_and_labels) {
  write_pair(image_file(3), label_file({7, 0, 9}));
  const labelled_set set = read();
  ASSERT_EQ(set.size(), 3U);
  EXPECT_EQ(set.features(), features);
  EXPECT_EQ(set.bits_per_feature(), 8U);
  EXPECT_EQ(set.label(0), 7);
  EXPECT_EQ(set.label(2), 9);
  std::vector<float> pixels(features);
  set.read(2, pixels);
  for (std::uint32_t p = 0; p < features; ++p)
    EXPECT_EQ(pixels[p], static_cast<float>((2 + p) % 256) / 255.0F);
}

TEST_F(idx, plain_and_gzip_files_may_be_mixed_and_lie_in_a_folder_of_the_set_or_not) {
  for (const std::string place : {"mnist/", ""}) {
    std::filesystem::create_directories(directory / place);
    write(place + "train-images-idx3-ubyte.gz", gzip_of(image_file(4)));
    write(place + "train-labels-idx1-ubyte", label_file({1, 2, 3, 4}));
    write(place + "t10k-images-idx3-ubyte", image_file(2));
    write(place + "t10k-labels-idx1-ubyte.gz", gzip_of(label_file({5, 6})));
    const dataset set = load_dataset("mnist", {.directory = directory, .train_samples = 3, .test_samples = 0});
    EXPECT_EQ(set.name, "mnist");
    EXPECT_EQ(set.classes, 10U);
    EXPECT_EQ(set.features(), features);
    EXPECT_EQ(set.train.size(), 3U);
    EXPECT_EQ(set.train.label(2), 3);
    EXPECT_EQ(set.test.size(), 2U);
    EXPECT_EQ(set.test.label(1), 6);
    std::filesystem::remove_all(directory / "mnist");
  }
}

TEST_F(idx, missing_images) {
  write("labels", label_file({1}));
  expect_error("images", "no such file");
}

TEST_F(idx, missing_labels) {
  write("images", image_file(1));
  expect_error("labels", "no such file");
}

TEST_F(idx, empty_file) {
  write_pair({}, label_file({1}));
  expect_error("images", "truncated: the header ends after 0 bytes");
}

TEST_F(idx, truncated_header) {
  bytes images = image_file(1);
  images.resize(13);
  write_pair(images, label_file({1}));
  expect_error("images", "truncated: the header ends after 13 bytes");
}

TEST_F(idx, truncated_header_of_labels) {
  write_pair(image_file(1), {0, 0, 8, 1, 0});
  expect_error("labels", "truncated: the header");
}

TEST_F(idx, wrong_magic) {
  bytes images = image_file(1);
  images[2] = 0x0d; // floats
  write_pair(images, label_file({1}));
  expect_error("images", "wrong magic number 3331: expected 2051, an IDX file of images");
}

TEST_F(idx, swapped_files) {
  write_pair(label_file({1}), image_file(1));
  expect_error("images", "wrong magic number 2049: expected 2051");
}

TEST_F(idx, labels_are_images) {
  write_pair(image_file(1), image_file(1));
  expect_error("labels", "wrong magic number 2051: expected 2049, an IDX file of labels");
}

TEST_F(idx, wrong_dimensions) {
  bytes images = image_file(1);
  images[15] = 27;
  write_pair(images, label_file({1}));
  expect_error("images", "images of 28 x 27 pixels: expected 28 x 28");
}

TEST_F(idx, no_images) {
  write_pair(image_file(0), label_file({}));
  expect_error("images", "holds no images");
}

TEST_F(idx, truncated_pixels) {
  bytes images = image_file(2);
  images.pop_back();
  write_pair(images, label_file({1, 2}));
  expect_error("images", "truncated: the header announces 1568 bytes of data, the file has 1567");
}

TEST_F(idx, count_far_beyond_the_file_needs_no_memory) {
  bytes images;
  bytes labels;
  for (const std::uint32_t word : {2051U, 0xffffffffU, 28U, 28U})
    append_word(images, word);
  for (const std::uint32_t word : {2049U, 0xffffffffU})
    append_word(labels, word);
  write_pair(images, labels);
  expect_error("images", "truncated: the header announces 3367254359280 bytes of data, the file has 0");
}

TEST_F(idx, trailing_bytes_after_images) {
  bytes images = image_file(1);
  images.insert(images.end(), {1, 2, 3});
  write_pair(images, label_file({1}));
  expect_error("images", "3 trailing bytes after the 784");
}

TEST_F(idx, truncated_labels) {
  bytes labels = label_file({1, 2});
  labels.pop_back();
  write_pair(image_file(2), labels);
  expect_error("labels", "truncated: the header announces 2 bytes of data, the file has 1");
}

TEST_F(idx, trailing_labels) {
  bytes labels = label_file({1, 2});
  labels.push_back(3);
  write_pair(image_file(2), labels);
  expect_error("labels", "1 trailing bytes");
}

TEST_F(idx, counts_differ) {
  write_pair(image_file(2), label_file({1, 2, 3}));
  expect_error("labels", "3 labels for the 2 images");
}

TEST_F(idx, label_out_of_range) {
  write_pair(image_file(3), label_file({1, 10, 3}));
  expect_error("labels", "label 10 of sample 1 is out of range: allowed are 0 to 9");
}

TEST_F(idx, gzip_file_that_is_no_gzip) {
  write("images.gz", image_file(1));
  write("labels", label_file({1}));
  expect_error("images.gz", "corrupt",
               [&] { static_cast<void>(read_idx(directory / "images.gz", directory / "labels", {})); });
}

TEST_F(idx, truncated_gzip_at_every_length) {
  const bytes whole = gzip_of(image_file(1));
  write("labels", label_file({1}));
  for (std::size_t size = 0; size < whole.size(); size += size < 40 || size + 40 > whole.size() ? 1U : 37U) {
    write("images.gz", bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    SCOPED_TRACE(size);
    expect_error("images.gz", "",
                 [&] { static_cast<void>(read_idx(directory / "images.gz", directory / "labels", {})); });
  }
}

TEST_F(idx, gzip_with_a_flipped_bit) {
  bytes packed = gzip_of(image_file(1));
  packed[500] ^= 4U; // in a pixel: only the checksum can tell
  write("images.gz", packed);
  write("labels", label_file({1}));
  expect_error("images.gz", "corrupt",
               [&] { static_cast<void>(read_idx(directory / "images.gz", directory / "labels", {})); });
}

TEST_F(idx, set_without_directory_or_files_says_what_is_expected) {
  const auto message_of = [](const dataset_options& options) -> std::string {
    try {
      static_cast<void>(load_dataset("fashion-mnist", options));
    } catch (const input_error& error) {
      return error.what();
    }
    return "no error";
  };
  for (const auto& place : {std::filesystem::path{}, directory / "nowhere", directory}) {
    const std::string message = message_of({.directory = place});
    EXPECT_NE(message.find("--data DIR"), std::string::npos) << message;
    EXPECT_NE(message.find("train-images-idx3-ubyte"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST_F(idx, more_samples_than_there_are) {
  for (const std::string half : {"train", "t10k"}) {
    write(half + "-images-idx3-ubyte", image_file(2));
    write(half + "-labels-idx1-ubyte", label_file({1, 2}));
  }
  EXPECT_THROW(static_cast<void>(load_dataset("mnist", {.directory = directory, .train_samples = 3})), input_error);
  EXPECT_THROW(static_cast<void>(load_dataset("mnist", {.directory = directory, .test_samples = 3})), input_error);
}

struct published {
  const char* name;
  std::vector<int> first_labels;
  double mean;
  double deviation;
};

/// Files that users have; the project ships none.
void check_published_set(const published& expected) {
  const char* const directory = std::getenv("TILEWORK_DATA"); // NOLINT(concurrency-mt-unsafe)
  if (directory == nullptr)
    GTEST_SKIP() << "set TILEWORK_DATA to a folder with " << expected.name << "/*-ubyte.gz to run this";
  const dataset set = load_dataset(expected.name, {.directory = directory});
  ASSERT_EQ(set.train.size(), 60'000U);
  ASSERT_EQ(set.test.size(), 10'000U);
  for (std::uint32_t i = 0; i < expected.first_labels.size(); ++i)
    EXPECT_EQ(set.train.label(i), expected.first_labels[i]) << i;
  std::vector<float> pixels(features);
  double sum = 0;
  double squares = 0;
  for (std::uint32_t i = 0; i < set.train.size(); ++i) {
    set.train.read(i, pixels);
    for (const float p : pixels) {
      sum += static_cast<double>(p);
      squares += static_cast<double>(p) * static_cast<double>(p);
    }
  }
  const double n = 60'000.0 * features;
  const double mean = sum / n;
  EXPECT_NEAR(mean, expected.mean, 5e-5); // published to four decimals
  EXPECT_NEAR(std::sqrt(squares / n - mean * mean), expected.deviation, 5e-5);
}

TEST(published_set, mnist) {
  check_published_set({"mnist", {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, 0.1307, 0.3081});
}

TEST(published_set, fashion_mnist) {
  check_published_set({"fashion-mnist", {}, 0.2860, 0.3530});
}

TEST(load_dataset, unknown_name_suggests_the_nearest_and_lists_all) {
  const auto message_of = [](std::string_view name) -> std::string {
    try {
      static_cast<void>(load_dataset(name, {}));
    } catch (const input_error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message_of("glyps"),
            "unknown data set 'glyps'; did you mean 'glyphs'? allowed: fashion-mnist, glyphs, mnist, spiral");
  EXPECT_EQ(message_of("imagenet-21k"),
            "unknown data set 'imagenet-21k'; allowed: fashion-mnist, glyphs, mnist, spiral");
}

} // namespace
} // namespace tilework::workload
