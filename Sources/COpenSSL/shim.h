// SPDX-License-Identifier: MIT
#ifndef HELIOGRAPH_COPENSSL_H
#define HELIOGRAPH_COPENSSL_H
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

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
