#include "logplex/wire/record.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "logplex/wire/notice.hpp"
#include "tests/support/golden.hpp"

namespace sluice {
namespace {

using Words = std::vector<std::uint64_t>;

std::span<const std::byte> bytes_of(const Words& words) { return std::as_bytes(std::span(words)); }

Words encoded(const LineView& line) {
  Words words(record_size(line) / 8, ~std::uint64_t{0});
  encode_record(line, reinterpret_cast<std::byte*>(words.data()));
  return words;
}

LineView sample() {
  return {174,
          WallTime(std::chrono::microseconds(1767323045678901)),
          "2026-01-02T03:04:05.678901+00:00",
          "host",
          "app",
          "web.1",
          "-",
          "-",
          "hello\n"};
}

void expect_same(const LineView& a, const LineView& b) {
  const auto dash = [](std::string_view field) { return field.empty() ? std::string_view("-") : field; };
  EXPECT_EQ(a.pri, b.pri);
  EXPECT_EQ(a.received, b.received);
  EXPECT_EQ(dash(a.time), dash(b.time));
  EXPECT_EQ(dash(a.host), dash(b.host));
  EXPECT_EQ(dash(a.source), dash(b.source));
  EXPECT_EQ(dash(a.process), dash(b.process));
  EXPECT_EQ(dash(a.msgid), dash(b.msgid));
  EXPECT_EQ(dash(a.structured_data), dash(b.structured_data));
  EXPECT_EQ(a.text, b.text);
}

std::string random_text(Rng& rng, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(rng.next());
  return text;
}

TEST(Record, gives_back_what_was_encoded) {
  SeededRng rng(3);
  for (int i = 0; i < 500; ++i) {
    const std::string time = random_text(rng, rng.next() % 60);
    const std::string host = random_text(rng, rng.next() % 256);
    const std::string sd = random_text(rng, rng.next() % 100);
    const std::string text = random_text(rng, rng.next() % 3000);
    const LineView line{
        static_cast<std::uint8_t>(rng.next() % 192), sample().received, time, host, "app", {}, "id", sd, text};
    const Words words = encoded(line);
    const RecordView view(bytes_of(words).data());
    EXPECT_EQ(view.size(), words.size() * 8);
    EXPECT_FALSE(view.is_gap());
    EXPECT_EQ(view.lines(), 1u);
    expect_same(view.line(), line);
    EXPECT_EQ(check_record(bytes_of(words)).value(), view.size());
  }
}

TEST(Record, longest_text_fits) {
  LineView line = sample();
  const std::string text(kLargestText, 'x');
  line.text = text;
  const Words words = encoded(line);
  EXPECT_EQ(RecordView(bytes_of(words).data()).text(), text);
  EXPECT_TRUE(check_record(bytes_of(words)));
}

TEST(Record, header_fields_are_cut_at_255) {
  LineView line = sample();
  const std::string host(300, 'h');
  line.host = host;
  const Words words = encoded(line);
  EXPECT_EQ(RecordView(bytes_of(words).data()).host(), host.substr(0, 255));
}

TEST(Record, fields_around_their_longest_size_are_stored_or_cut) {
  for (const std::size_t size : {0U, 1U, 128U, 254U, 255U, 256U, 257U, 511U, 512U}) {
    const std::string field(size, 'f');
    for (const auto header :
         {&LineView::time, &LineView::host, &LineView::source, &LineView::process, &LineView::msgid}) {
      LineView line = sample();
      line.*header = field;
      const Words words = encoded(line);
      const RecordView view(bytes_of(words).data());
      EXPECT_EQ(check_record(bytes_of(words)).value(), view.size());
      line.*header = std::string_view(field).substr(0, 255);
      expect_same(view.line(), line);
    }
  }
  for (const std::size_t size : {0U, 1U, 65'534U, 65'535U, 65'536U, 65'537U, 131'072U}) {
    LineView line = sample();
    const std::string data(size, 'd');
    line.structured_data = data;
    const Words words = encoded(line);
    EXPECT_EQ(check_record(bytes_of(words)).value(), record_size(line));
    line.structured_data = std::string_view(data).substr(0, kLargestText);
    expect_same(RecordView(bytes_of(words).data()).line(), line);
  }
}

TEST(Record, texts_beyond_what_a_length_can_say_are_cut) {
  LineView line = sample();
  const std::string text(70'000, 't');
  const std::string data(66'000, 'd');
  line.text = text;
  line.structured_data = data;
  const Words words = encoded(line);
  const RecordView view(bytes_of(words).data());
  EXPECT_EQ(view.text(), text.substr(0, kLargestText));
  EXPECT_EQ(view.size(), record_size(line));
  EXPECT_EQ(check_record(bytes_of(words)).value(), record_size(line));
}

TEST(Record, runs_of_fields_are_contiguous) {
  const Words words = encoded(sample());
  const RecordView view(bytes_of(words).data());
  EXPECT_EQ(view.source_and_process(), "app web.1");
  EXPECT_EQ(view.fields_and_text(), "2026-01-02T03:04:05.678901+00:00 host app web.1 - - hello\n");
}

TEST(Record, the_logs_that_a_line_has_passed_stand_behind_it) {
  const std::uint64_t ids[] = {0x1122334455667788, 2};
  LineView line = sample();
  line.passed = {ids, 2};
  const Words words = encoded(line);
  const RecordView view(bytes_of(words).data());
  EXPECT_EQ(view.size(), record_size(sample()) + 16);
  EXPECT_EQ(check_record(bytes_of(words)).value(), view.size());
  ASSERT_EQ(view.passed().size(), 2u);
  EXPECT_EQ(view.passed()[0], ids[0]);
  EXPECT_EQ(view.line().passed[1], 2u);
  EXPECT_EQ(view.text(), sample().text);
  EXPECT_EQ(view.fields_and_text(), "2026-01-02T03:04:05.678901+00:00 host app web.1 - - hello\n");
  Words more = words;
  reinterpret_cast<char*>(more.data())[23] = 3;  // one id more than there is
  EXPECT_FALSE(check_record(bytes_of(more)));
}

TEST(Record, bytes_are_as_documented) {
  const Words words = encoded(sample());
  expect_golden("wire/record.bin", {reinterpret_cast<const char*>(words.data()), words.size() * 8});
  Words gap(kGapRecordSize / 8);
  encode_gap(42, LossReason::kRate, sample().received, reinterpret_cast<std::byte*>(gap.data()));
  expect_golden("wire/gap.bin", {reinterpret_cast<const char*>(gap.data()), gap.size() * 8});
}

TEST(GapRecord, says_how_many_and_why) {
  Words words(kGapRecordSize / 8);
  encode_gap(42, LossReason::kRate, sample().received, reinterpret_cast<std::byte*>(words.data()));
  const RecordView view(bytes_of(words).data());
  EXPECT_TRUE(view.is_gap());
  EXPECT_EQ(view.lines(), 42u);
  EXPECT_EQ(view.gap_reason(), LossReason::kRate);
  EXPECT_EQ(to_string(view.gap_reason()), "rate");
  EXPECT_EQ(view.received(), sample().received);
  EXPECT_EQ(check_record(bytes_of(words)).value(), kGapRecordSize);
  words[3] = 0;
  EXPECT_FALSE(check_record(bytes_of(words)));
}

TEST(CheckRecord, takes_the_first_of_many) {
  Words words = encoded(sample());
  const std::size_t size = words.size() * 8;
  words.insert(words.end(), 10, ~std::uint64_t{0});
  EXPECT_EQ(check_record(bytes_of(words)).value(), size);
}

TEST(CheckRecord, refuses_what_is_cut_short) {
  const Words words = encoded(sample());
  for (std::size_t size = 0; size < words.size() * 8; ++size)
    EXPECT_EQ(check_record(bytes_of(words).first(size)).error(), WireError::kBadRecord) << size;
}

// Whatever passes the check must be safe to read: every view lies within the record.
TEST(CheckRecord, damage_is_refused_or_harmless) {
  const Words good = encoded(sample());
  for (std::size_t bit = 0; bit < good.size() * 64; ++bit) {
    Words words = good;
    words[bit / 64] ^= std::uint64_t{1} << bit % 64;
    const auto size = check_record(bytes_of(words));
    if (!size) continue;
    EXPECT_EQ(*size, words.size() * 8);
    const RecordView view(bytes_of(words).data());
    const auto* end = reinterpret_cast<const char*>(bytes_of(words).data()) + *size;
    EXPECT_LE(view.text().data() + view.text().size(), end) << bit;
  }
}

TEST(CheckRecord, damaged_lengths_are_refused) {
  const Words good = encoded(sample());
  for (std::size_t at : {0u, 1u, 2u, 3u, 5u, 6u, 7u, 17u, 18u, 19u, 20u, 21u, 23u}) {
    Words words = good;
    reinterpret_cast<std::byte*>(words.data())[at] ^= std::byte{0x10};
    EXPECT_FALSE(check_record(bytes_of(words))) << at;
  }
}

}  // namespace
}  // namespace sluice
