// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/result_codec.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"

namespace fettle::recipe {
namespace {

constexpr std::string_view kMagic = "fettle-evaluation-1\n";

class Writer {
 public:
  void Number(uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) {
      out_ += static_cast<char>((value >> shift) & 0xFF);
    }
  }

  void Text(std::string_view text) {
    Number(text.size());
    out_ += text;
  }

  void Problems(const std::vector<Problem>& problems) {
    Number(problems.size());
    for (const Problem& problem : problems) {
      Text(problem.message);
      Text(problem.position.file);
      Number(static_cast<uint64_t>(problem.position.line));
      Number(problem.position.via.size());
      for (const std::string& via : problem.position.via) {
        Text(via);
      }
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  std::string out_{kMagic};
};

// Reads what Writer wrote. After the first mistake everything reads as nothing and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {
    ok_ = rest_.starts_with(kMagic);
    rest_.remove_prefix(ok_ ? kMagic.size() : rest_.size());
  }

  bool ok() const { return ok_; }

  bool done() const { return ok_ && rest_.empty(); }

  uint64_t Number() {
    const std::string_view bytes = Take(8);
    uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
      value = (value << 8) | static_cast<unsigned char>(bytes[i - 1]);
    }
    return value;
  }

  std::string Text() { return std::string(Take(Number())); }

  std::string_view Bytes() { return Take(Number()); }

  // A count of things of at least `size` bytes each; more than can be there is a mistake.
  uint64_t Count(uint64_t size) {
    const uint64_t count = Number();
    if (count > rest_.size() / size) {
      Fail();
      return 0;
    }
    return count;
  }

  std::vector<Problem> Problems() {
    std::vector<Problem> problems(Count(32));
    for (Problem& problem : problems) {
      problem.message = Text();
      problem.position.file = Text();
      problem.position.line = static_cast<int32_t>(Number());
      problem.position.via.resize(Count(8));
      for (std::string& via : problem.position.via) {
        via = Text();
      }
    }
    return problems;
  }

 private:
  void Fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view Take(uint64_t size) {
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string EncodeResult(const EvaluateResult& result) {
  Writer writer;
  writer.Text(resource::EncodeCatalog(result.catalog));
  writer.Problems(result.problems);
  writer.Problems(result.notes);
  writer.Number(result.fleet_queries.size());
  for (const auto& query : result.fleet_queries) {
    writer.Number(query.size());
    for (const auto& [key, value] : query) {
      writer.Text(key);
      writer.Text(value);
    }
  }
  writer.Number(result.stats.instructions);
  writer.Number(result.stats.peak_memory);
  writer.Number(result.stats.includes);
  return writer.Take();
}

absl::StatusOr<EvaluateResult> DecodeResult(std::string_view bytes) {
  EvaluateResult result;
  Reader reader(bytes);
  const std::string_view catalog = reader.Bytes();
  if (!reader.ok()) {
    return InvalidArgument("not the result of an evaluation");
  }
  ASSIGN_OR_RETURN(result.catalog, resource::DecodeCatalog(catalog));
  result.problems = reader.Problems();
  result.notes = reader.Problems();
  result.fleet_queries.resize(reader.Count(8));
  for (auto& query : result.fleet_queries) {
    for (uint64_t left = reader.Count(16); left > 0; --left) {
      std::string key = reader.Text();
      query[std::move(key)] = reader.Text();
    }
  }
  result.stats.instructions = reader.Number();
  result.stats.peak_memory = reader.Number();
  result.stats.includes = reader.Number();
  if (!reader.done()) {
    return InvalidArgument("the result of an evaluation is cut off or damaged");
  }
  return result;
}

}  // namespace fettle::recipe
