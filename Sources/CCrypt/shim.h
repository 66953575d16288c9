// SPDX-License-Identifier: MIT
#ifndef HELIOGRAPH_CCRYPT_H
#define HELIOGRAPH_CCRYPT_H
#include <crypt.h>

/// The bytes of libcrypt's working memory, which is too large a structure for Swift to see.
static const int hg_crypt_data_bytes = sizeof(struct crypt_data);
#endif
