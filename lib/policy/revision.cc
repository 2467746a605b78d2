// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/revision.h"

#include <algorithm>
#include <cstddef>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/ssh_signature.h"

namespace fettle::policy {
namespace {

constexpr std::string_view kHeader = "fettle-revision-v1\n";
constexpr char kTimeFormat[] = "%E4Y-%m-%dT%H:%M:%SZ";
constexpr std::size_t kMaxAuthorBytes = 512;
constexpr std::size_t kMaxMessageBytes = 64U << 10;

// Text of our own without control characters, except those in `allowed`.
bool IsPlain(std::string_view text, std::string_view allowed) {
  return (text.empty() || IsText(text)) && std::all_of(text.begin(), text.end(), [&](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte >= 0x20 && byte != 0x7F) || allowed.find(c) != std::string_view::npos;
         });
}

bool IsCommit(std::string_view text) {
  return text.size() >= 7 && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::Status Check(const Revision& revision) {
  if (revision.tree.empty()) {
    return InvalidArgument("revision: it names no tree");
  }
  if (revision.author.empty() || revision.author.size() > kMaxAuthorBytes ||
      !IsPlain(revision.author, "")) {
    return InvalidArgument("revision: the author is to be one line of text, at most {} bytes",
                           kMaxAuthorBytes);
  }
  if (revision.message.size() > kMaxMessageBytes || !IsPlain(revision.message, "\n\t")) {
    return InvalidArgument("revision: the message is to be text, at most {} bytes",
                           kMaxMessageBytes);
  }
  if (!revision.git_commit.empty() && !IsCommit(revision.git_commit)) {
    return InvalidArgument("revision: the git commit is to be 7 to 64 hexadecimal characters");
  }
  const int64_t seconds = absl::ToUnixSeconds(revision.created);
  if (seconds < 0 || seconds > 253402300799 || absl::FromUnixSeconds(seconds) != revision.created) {
    return InvalidArgument("revision: the time of creation is to be whole seconds, 1970 to 9999");
  }
  return absl::OkStatus();
}

// Takes a line "key value" off `text`; kInvalidArgument when the next line is another one.
absl::StatusOr<std::string_view> TakeLine(std::string_view key, std::string_view* text) {
  const std::size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(key) || line.size() <= key.size() ||
      line[key.size()] != ' ') {
    return InvalidArgument("revision: expected the line \"{} …\"", key);
  }
  text->remove_prefix(end + 1);
  return line.substr(key.size() + 1);
}

absl::StatusOr<Digest> TakeDigest(std::string_view key, std::string_view* text) {
  ASSIGN_OR_RETURN(const std::string_view value, TakeLine(key, text));
  if (value == "-") {
    return Digest();
  }
  return Digest::FromHex(value);
}

absl::StatusOr<absl::Time> TakeTime(std::string_view* text) {
  ASSIGN_OR_RETURN(const std::string_view value, TakeLine("created", text));
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(kTimeFormat, std::string(value), &time, &error)) {
    return InvalidArgument("revision: created: {}", error);
  }
  return time;
}

std::string HexOrDash(const Digest& digest) {
  return digest.empty() ? "-" : digest.Hex();
}

}  // namespace

absl::StatusOr<std::string> RevisionStatement(const Revision& revision) {
  RETURN_IF_ERROR(Check(revision));
  return fmt::format("{}tree {}\nparent {}\nauthor {}\ncreated {}\ngit {}\nmessage\n{}",
                     kHeader,
                     HexOrDash(revision.tree),
                     HexOrDash(revision.parent),
                     revision.author,
                     absl::FormatTime(kTimeFormat, revision.created, absl::UTCTimeZone()),
                     revision.git_commit.empty() ? "-" : revision.git_commit,
                     revision.message);
}

absl::StatusOr<Revision> ParseRevision(std::string_view statement) {
  constexpr std::string_view kMessage = "message\n";
  std::string_view text = statement;
  if (!text.starts_with(kHeader)) {
    return InvalidArgument("revision: not a fettle-revision-v1 statement");
  }
  text.remove_prefix(kHeader.size());
  Revision revision;
  ASSIGN_OR_RETURN(revision.tree, TakeDigest("tree", &text));
  ASSIGN_OR_RETURN(revision.parent, TakeDigest("parent", &text));
  ASSIGN_OR_RETURN(const std::string_view author, TakeLine("author", &text));
  ASSIGN_OR_RETURN(revision.created, TakeTime(&text));
  ASSIGN_OR_RETURN(const std::string_view commit, TakeLine("git", &text));
  if (!text.starts_with(kMessage)) {
    return InvalidArgument("revision: expected the line \"message\"");
  }
  revision.author = std::string(author);
  revision.git_commit = commit == "-" ? "" : std::string(commit);
  revision.message = std::string(text.substr(kMessage.size()));
  // One form only: what parses must be what would be written.
  ASSIGN_OR_RETURN(const std::string again, RevisionStatement(revision));
  if (again != statement) {
    return InvalidArgument("revision: the statement is not in canonical form");
  }
  return revision;
}

Digest RevisionId(std::string_view statement) {
  return Sha256(statement);
}

absl::StatusOr<VerifiedRevision> VerifyRevision(std::string_view statement,
                                                std::string_view signature,
                                                std::span<const pki::SshPublicKey> trusted) {
  const std::string who = fmt::format("revision {}", RevisionId(statement).Hex().substr(0, 12));
  absl::StatusOr<pki::SshPublicKey> signer =
      pki::VerifySshSignature(statement, signature, kRevisionNamespace, trusted);
  if (!signer.ok()) {
    return Annotate(signer.status(), who + " is not trusted");
  }
  // Parsed only now: nothing that an untrusted hand wrote reaches the parser.
  ASSIGN_OR_RETURN(Revision revision, ParseRevision(statement));
  return VerifiedRevision{std::move(revision), RevisionId(statement), *std::move(signer)};
}

absl::StatusOr<std::vector<pki::SshPublicKey>> ParseAllowedKeys(std::string_view text) {
  absl::StatusOr<std::vector<pki::SshPublicKey>> keys = pki::ParseSshPublicKeys(text);
  if (!keys.ok()) {
    return Annotate(keys.status(), "allowed keys");
  }
  return keys;
}

}  // namespace fettle::policy
