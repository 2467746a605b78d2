// SPDX-License-Identifier: Apache-2.0
// Inside lib/pki only: the binary form of SSH messages (RFC 4251, section 5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle::pki {

// Reads fields one after the other. Each call returns false, and all later ones too, once the data
// does not hold what is asked for. Views live as long as the data.
class SshReader {
 public:
  explicit SshReader(std::string_view data) : rest_(data) {}

  bool Bytes(std::size_t count, std::string_view* bytes);
  bool Uint32(uint32_t* value);
  bool String(std::string_view* text);  // A length, then that many bytes.

  bool at_end() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

void AppendSshUint32(uint32_t value, std::string& out);
void AppendSshString(std::string_view text, std::string& out);

}  // namespace fettle::pki
