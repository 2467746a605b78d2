// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "agent/link/events.h"
#include "lib/pki/base64.h"
#include "lib/pki/signing_key.h"
#include "lib/pki/ssh_wire.h"
#include "lib/policy/manifest.h"
#include "lib/policy/revision.h"

namespace fettle::agent {

// A revision made in a test: what would be assigned, and the blobs that the server would have.
struct MadeRevision {
  link::Assignment assignment;
  Digest tree;
  std::map<Digest, std::string> blobs;
};

// Somebody who signs revisions. For tests.
class AuthorForTest {
 public:
  AuthorForTest() : key_(*pki::SigningKey::Generate()) {}

  // "ssh-ed25519 AAAA… author", as trusted_keys has it.
  std::string KeyLine() const {
    return "ssh-ed25519 " + pki::Base64Encode(KeyBlob()) + " author\n";
  }

  // An armored SSH signature. What `ssh-keygen -Y sign` signs begins with "SSHSIG" and the first,
  // zero byte of a length: a purpose and its NUL, as SigningKey has it.
  std::string Sign(const std::string& statement) const {
    std::string fields;
    pki::AppendSshString(policy::kRevisionNamespace, fields);
    pki::AppendSshString("", fields);
    pki::AppendSshString("sha256", fields);
    std::string message = fields;
    pki::AppendSshString(Sha256(statement).Raw(), message);
    std::string inner;
    pki::AppendSshString("ssh-ed25519", inner);
    pki::AppendSshString(*key_.Sign("SSHSIG", message.substr(1)), inner);
    std::string whole = "SSHSIG";
    pki::AppendSshUint32(1, whole);
    pki::AppendSshString(KeyBlob(), whole);
    whole += fields;
    pki::AppendSshString(inner, whole);
    return "-----BEGIN SSH SIGNATURE-----\n" + pki::Base64Encode(whole) +
           "\n-----END SSH SIGNATURE-----\n";
  }

  // Revision `number` with this tree.
  MadeRevision Make(int number, const std::map<std::string, std::string>& files) const {
    policy::Tree tree;
    MadeRevision made;
    for (const auto& [path, content] : files) {
      EXPECT_TRUE(tree.Add(path, content).ok());
      made.blobs[Sha256(content)] = content;
    }
    const std::string manifest = policy::EncodeManifest(policy::ManifestOf(tree));
    made.tree = policy::TreeDigest(tree);
    made.blobs[made.tree] = manifest;
    policy::Revision revision;
    revision.tree = made.tree;
    revision.author = "author";
    revision.message = "revision " + std::to_string(number);
    revision.created = absl::FromUnixSeconds(1767225600 + number);
    link::Assignment& assignment = made.assignment;
    assignment.revision = "r" + std::to_string(number);
    assignment.statement = *policy::RevisionStatement(revision);
    assignment.revision_id = policy::RevisionId(assignment.statement);
    assignment.signature = Sign(assignment.statement);
    assignment.channel = "production";
    return made;
  }

 private:
  // The key in OpenSSH's binary form; its 32 bytes are the last ones of the PEM's DER.
  std::string KeyBlob() const {
    std::string pem = *key_.PublicPem();
    pem = pem.substr(pem.find('\n') + 1);
    pem = pem.substr(0, pem.find('\n'));
    std::string der;
    EXPECT_TRUE(pki::Base64Decode(pem, &der));
    std::string blob;
    pki::AppendSshString("ssh-ed25519", blob);
    pki::AppendSshString(der.substr(der.size() - 32), blob);
    return blob;
  }

  pki::SigningKey key_;
};

}  // namespace fettle::agent
