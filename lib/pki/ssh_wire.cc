// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/ssh_wire.h"

namespace fettle::pki {

bool SshReader::Bytes(std::size_t count, std::string_view* bytes) {
  failed_ = failed_ || count > rest_.size();
  if (failed_) {
    return false;
  }
  *bytes = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return true;
}

bool SshReader::Uint32(uint32_t* value) {
  std::string_view bytes;
  if (!Bytes(4, &bytes)) {
    return false;
  }
  *value = 0;
  for (const char c : bytes) {
    *value = (*value << 8U) | static_cast<unsigned char>(c);
  }
  return true;
}

bool SshReader::String(std::string_view* text) {
  uint32_t size = 0;
  return Uint32(&size) && Bytes(size, text);
}

void AppendSshUint32(uint32_t value, std::string& out) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out.push_back(static_cast<char>((value >> shift) & 0xFFU));
  }
}

void AppendSshString(std::string_view text, std::string& out) {
  AppendSshUint32(static_cast<uint32_t>(text.size()), out);
  out.append(text);
}

}  // namespace fettle::pki
