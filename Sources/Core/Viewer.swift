// SPDX-License-Identifier: MIT

/// Who watches a stream, as far as permissions go.
///
/// Kept as long as the stream lasts, so that the permission can be asked for again.
package struct Viewer: Hashable, Sendable {
    /// The user id with its prefix, `basicauth:…`; nil for the anonymous.
    package let userID: String?

    /// Makes a viewer of a user id.
    package init(userID: String?) {
        self.userID = userID
    }
}
