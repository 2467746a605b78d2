// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/certificate_builder.h"

#include <algorithm>

#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::pki {
namespace {

constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kMaxDnsName = 253;
constexpr std::size_t kMaxNames = 100;

// Rejects what ASN.1's times cannot hold before it wraps around in time_t.
absl::Status SetTime(ASN1_TIME* to, absl::Time time) {
  static const absl::Time last = absl::FromCivil(absl::CivilYear(9999), absl::UTCTimeZone());
  if (time < absl::UnixEpoch() || time > last ||
      ASN1_TIME_set(to, absl::ToTimeT(time)) == nullptr) {
    return InvalidArgument("a certificate cannot begin or end at {}", Rfc3339(time));
  }
  return absl::OkStatus();
}

bool IsDnsCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

absl::Status CheckDnsName(std::string_view name) {
  std::string_view rest = name;
  if (rest.starts_with("*.")) {
    rest.remove_prefix(2);
  }
  if (rest.empty() || name.size() > kMaxDnsName || rest.front() == '.' || rest.front() == '-' ||
      !std::all_of(rest.begin(), rest.end(), IsDnsCharacter)) {
    return InvalidArgument("\"{}\" is not a DNS name", name.substr(0, 2 * kMaxDnsName));
  }
  return absl::OkStatus();
}

// Takes ownership of `value`, which has the type that `type` calls for.
absl::Status Append(GENERAL_NAMES& names, int type, ASN1_STRING* value) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (name == nullptr || value == nullptr) {
    GENERAL_NAME_free(name);
    ASN1_STRING_free(value);
    return Internal("building a certificate: {}", LastError());
  }
  GENERAL_NAME_set0_value(name, type, value);
  if (sk_GENERAL_NAME_push(&names, name) <= 0) {
    GENERAL_NAME_free(name);
    return Internal("building a certificate: {}", LastError());
  }
  return absl::OkStatus();
}

absl::Status AppendText(GENERAL_NAMES& names, int type, std::string_view text) {
  ASN1_STRING* value = ASN1_STRING_type_new(V_ASN1_IA5STRING);
  if (value != nullptr && ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) != 1) {
    ASN1_STRING_free(value);
    value = nullptr;
  }
  return Append(names, type, value);
}

absl::Status AppendAddress(GENERAL_NAMES& names, const std::string& address) {
  ASN1_OCTET_STRING* value = a2i_IPADDRESS(address.c_str());
  if (value == nullptr || address.find('\0') != std::string::npos) {
    ASN1_OCTET_STRING_free(value);
    return InvalidArgument("\"{}\" is not an IP address", address);
  }
  return Append(names, GEN_IPADD, value);
}

}  // namespace

absl::Status StartCertificate(X509& certificate, absl::Time begin, absl::Time end) {
  if (end <= begin) {
    return InvalidArgument(
        "a certificate cannot end ({}) before it begins ({})", Rfc3339(end), Rfc3339(begin));
  }
  RETURN_IF_ERROR(SetTime(X509_getm_notBefore(&certificate), begin));
  RETURN_IF_ERROR(SetTime(X509_getm_notAfter(&certificate), end));
  const std::string random = RandomBytes(kSerialBytes);
  const BignumPtr serial(BN_bin2bn(reinterpret_cast<const unsigned char*>(random.data()),
                                   static_cast<int>(random.size()),
                                   nullptr));
  if (serial == nullptr || X509_set_version(&certificate, X509_VERSION_3) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(&certificate)) == nullptr) {
    return Internal("building a certificate: {}", LastError());
  }
  return absl::OkStatus();
}

absl::Status AddExtension(X509& certificate, X509& issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(&certificate, extension.get(), -1) != 1) {
    return Internal("adding \"{}\" to a certificate: {}", value, LastError());
  }
  return absl::OkStatus();
}

absl::Status AddAlternativeNames(X509& certificate, const AlternativeNames& names, bool critical) {
  if (names.dns_names.size() + names.ip_addresses.size() > kMaxNames) {
    return InvalidArgument("{} DNS names and {} addresses: at most {} fit a certificate",
                           names.dns_names.size(),
                           names.ip_addresses.size(),
                           kMaxNames);
  }
  const GeneralNamesPtr list(GENERAL_NAMES_new());
  RETURN_IF_ERROR(AppendText(*list, GEN_URI, names.uri));
  for (const std::string& name : names.dns_names) {
    RETURN_IF_ERROR(CheckDnsName(name));
    RETURN_IF_ERROR(AppendText(*list, GEN_DNS, name));
  }
  for (const std::string& address : names.ip_addresses) {
    RETURN_IF_ERROR(AppendAddress(*list, address));
  }
  if (X509_add1_ext_i2d(
          &certificate, NID_subject_alt_name, list.get(), critical ? 1 : 0, X509V3_ADD_DEFAULT) !=
      1) {
    return Internal("adding names to a certificate: {}", LastError());
  }
  return absl::OkStatus();
}

absl::Status SignCertificate(X509& certificate, EVP_PKEY* key) {
  if (X509_sign(&certificate, key, EVP_sha256()) <= 0) {
    return Internal("signing a certificate: {}", LastError());
  }
  return absl::OkStatus();
}

}  // namespace fettle::pki
