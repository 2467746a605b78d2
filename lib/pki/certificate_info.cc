// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/certificate_info.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {
namespace {

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// A text that is shown and compared: a NUL in the middle once let a name be read as its first half.
absl::StatusOr<std::string> CheckedText(std::string text, std::string_view what) {
  if (!IsText(text) || std::any_of(text.begin(), text.end(), IsControl)) {
    return InvalidArgument("the certificate's {} holds control characters or is not UTF-8", what);
  }
  return text;
}

std::string Bytes(const ASN1_STRING* text) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  return {data, static_cast<std::size_t>(ASN1_STRING_length(text))};
}

absl::StatusOr<std::string> CommonName(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) {
    return std::string();
  }
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) {
    return InvalidArgument("the certificate's common name cannot be read: {}", LastError());
  }
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return CheckedText(std::move(text), "common name");
}

std::string WholeName(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  static_cast<void>(X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253));  // Escapes controls.
  return Written(bio.get());
}

absl::StatusOr<absl::Time> ReadTime(const ASN1_TIME* time, std::string_view what) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return InvalidArgument("the certificate's {} is not a time", what);
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string Serial(const X509& certificate) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr));
  if (number == nullptr) {
    return "";
  }
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  static_cast<void>(BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data())));
  return HexEncode(bytes);
}

std::string IpText(const ASN1_OCTET_STRING* address) {
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool known = family == AF_INET || ASN1_STRING_length(address) == 16;
  if (!known ||
      inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) == nullptr) {
    return "unreadable";
  }
  return text.data();
}

absl::Status AddName(const GENERAL_NAME& name, CertificateInfo& info) {
  if (name.type == GEN_URI) {
    ASSIGN_OR_RETURN(std::string uri,
                     CheckedText(Bytes(name.d.uniformResourceIdentifier), "URI name"));
    info.uri_sans.push_back(std::move(uri));
  } else if (name.type == GEN_DNS) {
    ASSIGN_OR_RETURN(std::string dns, CheckedText(Bytes(name.d.dNSName), "DNS name"));
    info.dns_sans.push_back(std::move(dns));
  } else if (name.type == GEN_IPADD) {
    info.ip_sans.push_back(IpText(name.d.iPAddress));
  }
  return absl::OkStatus();
}

absl::Status ReadNames(const X509& certificate, CertificateInfo& info) {
  int found = 0;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, &found, nullptr)));
  if (names == nullptr) {
    // -1: there is none; otherwise it is damaged, or there are two.
    return found == -1 ? absl::OkStatus()
                       : InvalidArgument("the certificate's alternative names cannot be read");
  }
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    RETURN_IF_ERROR(AddName(*sk_GENERAL_NAME_value(names.get(), i), info));
  }
  return absl::OkStatus();
}

absl::StatusOr<Digest> Fingerprint(const X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(&certificate, &der);
  if (size <= 0) {
    return Internal("writing a certificate as DER: {}", LastError());
  }
  const Digest digest =
      Sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return digest;
}

}  // namespace

absl::StatusOr<CertificateInfo> DescribeCertificate(x509_st& certificate) {
  const ErrorScope errors;
  CertificateInfo info;
  ASSIGN_OR_RETURN(info.common_name, CommonName(X509_get_subject_name(&certificate)));
  ASSIGN_OR_RETURN(info.not_before, ReadTime(X509_get0_notBefore(&certificate), "begin"));
  ASSIGN_OR_RETURN(info.not_after, ReadTime(X509_get0_notAfter(&certificate), "end"));
  ASSIGN_OR_RETURN(info.fingerprint, Fingerprint(certificate));
  RETURN_IF_ERROR(ReadNames(certificate, info));
  info.issuer = WholeName(X509_get_issuer_name(&certificate));
  info.serial = Serial(certificate);
  info.is_ca = X509_check_ca(&certificate) == 1;
  return info;
}

absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem) {
  ASSIGN_OR_RETURN(const auto certificates, ReadCertificates(pem, "the certificate"));
  return DescribeCertificate(*certificates.front());
}

absl::StatusOr<std::string> CertificatePublicKey(std::string_view pem) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(const auto certificates, ReadCertificates(pem, "the certificate"));
  EVP_PKEY* key = X509_get0_pubkey(certificates.front().get());
  if (key == nullptr) {
    return InvalidArgument("the certificate's public key cannot be read: {}", LastError());
  }
  return PublicKeyPem(key);
}

}  // namespace fettle::pki
