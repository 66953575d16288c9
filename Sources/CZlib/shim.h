// SPDX-License-Identifier: MIT
#ifndef HELIOGRAPH_CZLIB_H
#define HELIOGRAPH_CZLIB_H

/// What zlib only reads is a constant pointer.
#define ZLIB_CONST
#include <zlib.h>
#endif
