// SPDX-License-Identifier: MIT
#ifndef HELIOGRAPH_CSQLITE_H
#define HELIOGRAPH_CSQLITE_H
#include <sqlite3.h>

/// SQLITE_TRANSIENT: SQLite copies the bytes during the call.
static inline sqlite3_destructor_type hg_sqlite_transient(void) { return SQLITE_TRANSIENT; }

#endif
