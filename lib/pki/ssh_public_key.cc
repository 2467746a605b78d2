// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/ssh_public_key.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/digest/digest.h"
#include "lib/pki/base64.h"
#include "lib/pki/ssh_wire.h"

namespace fettle::pki {
namespace {

constexpr std::string_view kEd25519 = "ssh-ed25519";
constexpr std::string_view kHardwareEd25519 = "sk-ssh-ed25519@openssh.com";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMaxLine = 16 << 10;

bool IsSupported(std::string_view algorithm) {
  return algorithm == kEd25519 || algorithm == kHardwareEd25519;
}

// A word that names an algorithm, ours or not, so that the message can say "not supported".
bool LooksLikeAlgorithm(std::string_view word) {
  return word.starts_with("ssh-") || word.starts_with("sk-ssh-") ||
         word.starts_with("ecdsa-sha2-") || word.starts_with("sk-ecdsa-");
}

absl::Status CheckAlgorithm(std::string_view algorithm) {
  if (IsSupported(algorithm)) {
    return absl::OkStatus();
  }
  if (!IsText(algorithm) || !LooksLikeAlgorithm(algorithm)) {
    return InvalidArgument("the SSH public key names no known algorithm");
  }
  return InvalidArgument(
      "SSH keys of type {} are not supported; use {} or {} (`ssh-keygen -t ed25519` makes one)",
      algorithm.substr(0, 64),
      kEd25519,
      kHardwareEd25519);
}

// What stands before the algorithm on a line: nothing or one principal.
absl::StatusOr<std::string_view> Principal(std::string_view before) {
  before = Trim(before);
  const bool options = before.find_first_of("\"= \t") != std::string_view::npos ||
                       before == "cert-authority" || before == "restrict";
  if (options) {
    return InvalidArgument(
        "\"{}\" before the SSH key: options are not supported here, and ignoring them would give "
        "the key more than they allow; leave only the key",
        before.substr(0, 128));
  }
  return before;
}

// Where the first word that names an algorithm begins; npos if none does.
std::size_t FindAlgorithm(std::string_view line) {
  std::size_t at = 0;
  for (int words = 0; words < 4 && at < line.size(); ++words) {
    const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
    if (LooksLikeAlgorithm(line.substr(at, end - at))) {
      return at;
    }
    at = std::min(line.find_first_not_of(" \t", end), line.size());
  }
  return std::string_view::npos;
}

}  // namespace

bool SshPublicKey::hardware() const {
  return algorithm == kHardwareEd25519;
}

std::string SshPublicKey::Blob() const {
  std::string blob;
  AppendSshString(algorithm, blob);
  AppendSshString(ed25519, blob);
  if (hardware()) {
    AppendSshString(application, blob);
  }
  return blob;
}

std::string SshPublicKey::Fingerprint() const {
  return fmt::format("SHA256:{}", Base64EncodeUnpadded(Sha256(Blob()).Raw()));
}

std::string SshPublicKey::Line() const {
  return fmt::format(
      "{} {}{}{}", algorithm, Base64Encode(Blob()), comment.empty() ? "" : " ", comment);
}

absl::StatusOr<SshPublicKey> ParseSshPublicKeyBlob(std::string_view blob) {
  SshReader reader(blob);
  std::string_view algorithm;
  if (!reader.String(&algorithm)) {
    return InvalidArgument("the SSH public key is cut short");
  }
  RETURN_IF_ERROR(CheckAlgorithm(algorithm));
  const bool hardware = algorithm == kHardwareEd25519;
  std::string_view bytes;
  std::string_view application;
  const bool whole = reader.String(&bytes) && (!hardware || reader.String(&application));
  if (!whole || !reader.at_end() || bytes.size() != kKeyBytes) {
    return InvalidArgument("the SSH public key ({}) is damaged or cut short", algorithm);
  }
  return SshPublicKey{.algorithm = std::string(algorithm),
                      .ed25519 = std::string(bytes),
                      .application = std::string(application),
                      .comment = ""};
}

absl::StatusOr<SshPublicKey> ParseSshPublicKey(std::string_view line) {
  line = Trim(line);
  if (line.size() > kMaxLine || !IsText(line)) {
    return InvalidArgument("not the line of an SSH public key: it is binary or over {} bytes",
                           kMaxLine);
  }
  const std::size_t start = FindAlgorithm(line);
  if (start == std::string_view::npos) {
    return InvalidArgument(
        "not the line of an SSH public key: \"{}\" has no key type such as {}; give the .pub file",
        line.substr(0, 64),
        kEd25519);
  }
  ASSIGN_OR_RETURN(const std::string_view principal, Principal(line.substr(0, start)));
  const std::vector<std::string_view> words = SplitWords(line.substr(start));
  RETURN_IF_ERROR(CheckAlgorithm(words[0]));
  std::string blob;
  if (words.size() < 2 || !Base64Decode(words[1], &blob)) {
    return InvalidArgument("the SSH public key ({}) is not whole base64: damaged or cut short",
                           words[0]);
  }
  ASSIGN_OR_RETURN(SshPublicKey key, ParseSshPublicKeyBlob(blob));
  if (key.algorithm != words[0]) {
    return InvalidArgument("the SSH public key is called {} and is {}", words[0], key.algorithm);
  }
  if (words.size() > 2) {
    key.comment = line.substr(static_cast<std::size_t>(words[2].data() - line.data()));
  } else {
    key.comment = principal;
  }
  return key;
}

absl::StatusOr<std::vector<SshPublicKey>> ParseSshPublicKeys(std::string_view text) {
  std::vector<SshPublicKey> keys;
  int number = 0;
  for (const std::string_view raw : SplitLines(text)) {
    ++number;
    const std::string_view line = Trim(raw);
    if (line.empty() || line.front() == '#') {
      continue;
    }
    auto key = ParseSshPublicKey(line);
    if (!key.ok()) {
      return Annotate(key.status(), fmt::format("line {}", number));
    }
    keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace fettle::pki
