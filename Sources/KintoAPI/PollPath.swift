// SPDX-License-Identifier: MIT

import Core

/// Where the lists are that clients poll, and that are answered from the hub.
package enum PollPath {
    /// How the paths of changesets end.
    package static let changesetEnding = "/changeset"

    /// All of them: the entries as records, and as a changeset.
    package static let all = ["records", "changeset"].map {
        "\(Router.prefix)\(CollectionPath.monitorChanges.uri)/\($0)"
    }
}
