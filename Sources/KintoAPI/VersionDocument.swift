// SPDX-License-Identifier: MIT

import Core

/// What `__version__` shows.
package enum VersionDocument: Sendable {
    /// The project's name and version.
    case own
    /// The content of a file.
    case file(JSONValue)
    /// Nothing, because the file that was set cannot be read: a 500, as in the reference.
    case missing
}
