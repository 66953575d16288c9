// SPDX-License-Identifier: MIT

/// One broadcast: the newest version of something that browsers are told to fetch.
package struct Broadcast: Equatable, Sendable {
    /// What it is of: `broadcaster/channel`.
    package let id: String
    /// The version, which means something only to those who fetch.
    package let version: String
    /// When it was announced.
    package let time: Timestamp

    /// Makes a broadcast of its parts.
    package init(id: String, version: String, time: Timestamp) {
        self.id = id
        self.version = version
        self.time = time
    }

    /// The broadcast that tells of the monitored collections, as Firefox knows it.
    package static let monitorChangesID = "remote-settings/monitor_changes"
}
