// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/frames.h"

#include <array>

namespace fettle::journal {
namespace {

constexpr std::size_t kHead = 8;
constexpr std::size_t kMostPayload = 64 << 20;

constexpr std::array<uint32_t, 256> MakeTable() {
  constexpr uint32_t kPolynomial = 0x82F63B78U;
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    }
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

void AppendFixed(uint32_t number, std::string* out) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    *out += static_cast<char>((number >> shift) & 0xFFU);
  }
}

uint32_t ReadFixed(std::string_view bytes) {
  uint32_t number = 0;
  for (unsigned i = 0; i < 4; ++i) {
    number |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return number;
}

enum class Verdict { kWhole, kCutShort, kWrong };

// Looks at the frame at the beginning of `bytes`.
Verdict Look(std::string_view bytes, std::string_view* payload) {
  if (bytes.size() < kHead) {
    return Verdict::kCutShort;
  }
  const std::size_t length = ReadFixed(bytes);
  if (length == 0 || length > kMostPayload) {
    return Verdict::kWrong;
  }
  if (length > bytes.size() - kHead) {
    return Verdict::kCutShort;
  }
  *payload = bytes.substr(kHead, length);
  return Crc32c(*payload) == ReadFixed(bytes.substr(4)) ? Verdict::kWhole : Verdict::kWrong;
}

// Whether `rest`, which does not begin with a whole frame, can be what a write cut short by power
// loss leaves: part of a frame, or the zeros of blocks that were never written.
bool CanBeTorn(std::string_view rest, Verdict verdict) {
  if (rest.find_first_not_of('\0') == std::string_view::npos) {
    return true;
  }
  if (verdict == Verdict::kWrong) {
    const std::size_t last = rest.find_last_not_of('\0');
    return ReadFixed(rest) != 0 && last + 1 < rest.size();
  }
  std::string_view payload;
  for (std::size_t at = 1; at + kHead < rest.size(); ++at) {
    if (Look(rest.substr(at), &payload) == Verdict::kWhole) {
      return false;
    }
  }
  return true;
}

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8U);
  }
  return crc ^ 0xFFFFFFFFU;
}

void AppendFrame(std::string_view payload, std::string* out) {
  AppendFixed(static_cast<uint32_t>(payload.size()), out);
  AppendFixed(Crc32c(payload), out);
  out->append(payload);
}

Frames ReadFrames(std::string_view bytes) {
  Frames frames;
  while (frames.good_bytes < bytes.size()) {
    const std::string_view rest = bytes.substr(frames.good_bytes);
    std::string_view payload;
    const Verdict verdict = Look(rest, &payload);
    if (verdict != Verdict::kWhole) {
      frames.damaged = !CanBeTorn(rest, verdict);
      break;
    }
    frames.payloads.push_back(payload);
    frames.good_bytes += kHead + payload.size();
  }
  return frames;
}

}  // namespace fettle::journal
