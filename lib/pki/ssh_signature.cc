// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/ssh_signature.h"

#include <algorithm>
#include <array>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/digest/digest.h"
#include "lib/pki/base64.h"
#include "lib/pki/openssl.h"
#include "lib/pki/signing_key.h"
#include "lib/pki/ssh_wire.h"

namespace fettle::pki {
namespace {

constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view kEnd = "-----END SSH SIGNATURE-----";
constexpr std::string_view kMagic = "SSHSIG";
constexpr uint32_t kVersion = 1;
constexpr std::size_t kMaxArmored = 16 << 10;  // An Ed25519 one has about 300 bytes.
constexpr uint8_t kUserPresent = 0x01;
constexpr std::size_t kSignatureBytes = 64;

absl::Status Damaged(std::string_view what) {
  return InvalidArgument("the SSH signature is damaged: {}", what);
}

// The bytes between the two marker lines.
absl::StatusOr<std::string> Unarmor(std::string_view armored) {
  std::string_view text = Trim(armored);
  if (text.empty()) {
    return NotFound("there is no SSH signature");
  }
  if (text.size() > kMaxArmored) {
    return Damaged(fmt::format("it has {} bytes, over {}", text.size(), kMaxArmored));
  }
  if (!text.starts_with(kBegin)) {
    return Damaged(fmt::format("it does not begin with \"{}\"", kBegin));
  }
  if (text.size() < kBegin.size() + kEnd.size() || !text.ends_with(kEnd)) {
    return Damaged(fmt::format("it does not end with \"{}\"; was it cut short?", kEnd));
  }
  text.remove_prefix(kBegin.size());
  text.remove_suffix(kEnd.size());
  std::string base64;
  std::copy_if(text.begin(), text.end(), std::back_inserter(base64), [](char c) {
    return c != '\n' && c != '\r';
  });
  std::string bytes;
  if (!Base64Decode(base64, &bytes)) {
    return Damaged("between its first and last line is no whole base64");
  }
  return bytes;
}

// The innermost part: algorithm, 64 bytes, and what a hardware key adds.
absl::Status ReadSignature(std::string_view blob, SshSignature& signature) {
  SshReader reader(blob);
  std::string_view algorithm;
  std::string_view bytes;
  if (!reader.String(&algorithm) || !reader.String(&bytes) || bytes.size() != kSignatureBytes) {
    return Damaged("its inner part is cut short");
  }
  if (algorithm != signature.key.algorithm) {
    return Damaged("its key and its inner part are of different types");
  }
  signature.ed25519 = bytes;
  if (signature.key.hardware()) {
    std::string_view flags;
    if (!reader.Bytes(1, &flags) || !reader.Uint32(&signature.counter)) {
      return Damaged("the flags and the counter of its hardware key are missing");
    }
    signature.flags = static_cast<uint8_t>(flags.front());
  }
  return reader.at_end() ? absl::OkStatus() : Damaged("its inner part is followed by more");
}

absl::Status CheckHash(std::string_view hash) {
  if (hash != "sha256" && hash != "sha512") {
    return Damaged("it names a hash other than sha256 and sha512");
  }
  return absl::OkStatus();
}

std::string Sha512(std::string_view message) {
  const ErrorScope errors;
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  std::size_t size = 0;
  if (EVP_Q_digest(
          nullptr, "SHA512", nullptr, message.data(), message.size(), bytes.data(), &size) != 1) {
    return "";  // Fits no signature.
  }
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

// The bytes under the signature: what the format calls the signed data.
std::string SignedData(std::string_view message, const SshSignature& signature) {
  const std::string hash =
      signature.hash_algorithm == "sha256" ? std::string(Sha256(message).Raw()) : Sha512(message);
  std::string data(kMagic);
  AppendSshString(signature.name_space, data);
  AppendSshString(signature.reserved, data);
  AppendSshString(signature.hash_algorithm, data);
  AppendSshString(hash, data);
  if (!signature.key.hardware()) {
    return data;
  }
  // A hardware key signs hashes of the application and of the data, around its flags and counter.
  std::string wrapped(Sha256(signature.key.application).Raw());
  wrapped.push_back(static_cast<char>(signature.flags));
  AppendSshUint32(signature.counter, wrapped);
  wrapped.append(Sha256(data).Raw());
  return wrapped;
}

absl::Status CheckFits(std::string_view message, const SshSignature& signature) {
  if (!VerifyEd25519(signature.key.ed25519, SignedData(message, signature), signature.ed25519)) {
    return absl::DataLossError(
        fmt::format("the SSH signature claims key {} and does not fit: what was signed, or the "
                    "signature, was altered since",
                    signature.key.Fingerprint()));
  }
  if (signature.key.hardware() && (signature.flags & kUserPresent) == 0) {
    return absl::DataLossError(
        fmt::format("the SSH signature by the hardware key {} was made without a touch",
                    signature.key.Fingerprint()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SshSignature> ParseSshSignature(std::string_view armored) {
  ASSIGN_OR_RETURN(const std::string bytes, Unarmor(armored));
  SshReader reader(bytes);
  std::string_view magic;
  uint32_t version = 0;
  if (!reader.Bytes(kMagic.size(), &magic) || magic != kMagic || !reader.Uint32(&version)) {
    return Damaged("it does not hold \"SSHSIG\"");
  }
  if (version != kVersion) {
    return InvalidArgument(
        "the SSH signature has version {}; only {} is supported", version, kVersion);
  }
  std::array<std::string_view, 5> fields;
  for (std::string_view& field : fields) {
    if (!reader.String(&field)) {
      return Damaged("it is cut short");
    }
  }
  if (!reader.at_end()) {
    return Damaged("it is followed by more");
  }
  const auto& [key, name_space, reserved, hash, inner] = fields;
  SshSignature signature;
  ASSIGN_OR_RETURN(signature.key, ParseSshPublicKeyBlob(key));
  RETURN_IF_ERROR(CheckHash(hash));
  if (name_space.empty() || !IsText(name_space)) {
    return Damaged("its name space is empty or not text");
  }
  signature.name_space = name_space;
  signature.reserved = reserved;
  signature.hash_algorithm = hash;
  RETURN_IF_ERROR(ReadSignature(inner, signature));
  return signature;
}

absl::StatusOr<SshPublicKey> VerifySshSignature(std::string_view message,
                                                std::string_view armored,
                                                std::string_view name_space,
                                                std::span<const SshPublicKey> trusted) {
  ASSIGN_OR_RETURN(const SshSignature signature, ParseSshSignature(armored));
  if (signature.name_space != name_space) {
    return FailedPrecondition(
        "the SSH signature was made for \"{}\", not for \"{}\"; sign with `ssh-keygen -Y sign -n "
        "{}`",
        signature.name_space.substr(0, 128),
        name_space,
        name_space);
  }
  RETURN_IF_ERROR(CheckFits(message, signature));
  const std::string blob = signature.key.Blob();
  const auto known = std::find_if(
      trusted.begin(), trusted.end(), [&](const SshPublicKey& key) { return key.Blob() == blob; });
  if (known == trusted.end()) {
    return PermissionDenied("signed by the SSH key {}, which is not among the {} trusted here",
                            signature.key.Fingerprint(),
                            trusted.size());
  }
  return *known;
}

}  // namespace fettle::pki
