#pragma once

/// Owners for OpenSSL's PKCS#12 objects. Internal to src/pki/format.

#include "pki/openssl.hpp"

#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>

#include <memory>

namespace countersign::pki {

using Pkcs12Ptr = std::unique_ptr<PKCS12, Deleter<PKCS12_free>>;
inline void free_safes(STACK_OF(PKCS7) * list) { sk_PKCS7_pop_free(list, PKCS7_free); }
using SafesPtr = std::unique_ptr<STACK_OF(PKCS7), Deleter<free_safes>>;
inline void free_bags(STACK_OF(PKCS12_SAFEBAG) * list) { sk_PKCS12_SAFEBAG_pop_free(list, PKCS12_SAFEBAG_free); }
using BagsPtr = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), Deleter<free_bags>>;

}  // namespace countersign::pki
