#pragma once

/// Forward declarations of OpenSSL's types, so that headers of this room need no <openssl/...>. Only src/pki and
/// src/net/tls look inside (design section 2).

struct x509_st;
struct x509_store_st;
struct evp_pkey_st;
struct X509_name_st;
struct X509_req_st;
struct X509_crl_st;
