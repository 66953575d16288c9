// SPDX-License-Identifier: MIT

/// The version of this program.
package enum HeliographVersion {
    /// The version (semver.org).
    package static let text = "0.1.0"
}
