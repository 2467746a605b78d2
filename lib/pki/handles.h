// SPDX-License-Identifier: Apache-2.0
// Owners of OpenSSL objects that headers can name without including OpenSSL.
#pragma once

#include <memory>

struct evp_pkey_st;
struct x509_st;

namespace fettle::pki {

struct KeyDeleter {
  void operator()(evp_pkey_st* key) const;
};

struct X509Deleter {
  void operator()(x509_st* certificate) const;
};

using KeyPtr = std::unique_ptr<evp_pkey_st, KeyDeleter>;
using X509Ptr = std::unique_ptr<x509_st, X509Deleter>;

}  // namespace fettle::pki
