// SPDX-License-Identifier: MIT
#ifndef HELIOGRAPH_COPENSSL_H
#define HELIOGRAPH_COPENSSL_H
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

/// A context of HMAC-SHA-256 with its key set, to be copied for each message; null if there is none.
static inline EVP_MAC_CTX *hg_hmac_sha256(const unsigned char *key, size_t count) {
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);
    if (context == NULL) return NULL;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_MAC_init(context, key, count, parameters) == 1) return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

// What the headers have as macros, which Swift does not import.

/// Refuses versions of TLS that are broken (RFC 8996).
static inline int hg_tls_refuse_old_versions(SSL_CTX *context) {
    return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

/// Names the host that is asked for (RFC 6066, section 3).
static inline int hg_tls_set_server_name(SSL *session, const char *host) {
    return (int)SSL_set_tlsext_host_name(session, host);
}
#endif
