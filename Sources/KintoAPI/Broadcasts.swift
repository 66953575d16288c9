// SPDX-License-Identifier: MIT
//
// `GET /v1/__broadcasts__`: the version that a push service is to announce (the former Megaphone's
// format). It follows the monitor feed at a distance, so that many writes make few announcements.

import Core
import Synchronization

/// The announced version and when it changes.
final class Broadcasts: Sendable {
    private struct Announcement {
        let version: Timestamp
        let expiry: Timestamp
    }

    /// How long an announced version counts before the current one is taken as it is.
    private static let validityMilliseconds: Int64 = 86_400_000

    private let announced = Mutex<Announcement?>(nil)
    private let debounceSeconds: Int

    /// Makes a feed that has announced nothing.
    init(debounceSeconds: Int) {
        self.debounceSeconds = debounceSeconds
    }

    /// The body of the answer.
    ///
    /// - Complexity: O(*n*) in the number of entries.
    func body(_ entries: [Entry], now: Timestamp) -> JSONValue {
        let visible = entries.lazy.filter { entry in
            let path = entry.change.path
            // What is only for reviewers is not announced to everyone.
            return !"\(path.bucket)/\(path.collection)".contains("-preview")
        }
        guard let version = version(of: visible.map(\.timestamp).max(), now: now) else {
            return ["broadcasts": [:], "code": 200]
        }
        return [
            "broadcasts": ["remote-settings/monitor_changes": .string(version.entityTag)],
            "code": 200,
        ]
    }

    /// The version to announce, given the current one; nil if there is none and never was.
    func version(of current: Timestamp?, now: Timestamp) -> Timestamp? {
        announced.withLock { announced in
            let last = announced.flatMap { $0.expiry > now ? $0.version : nil }
            guard let current else { return last }
            if let last, !isDue(current, after: last, now: now) { return last }
            announced = Announcement(
                version: current,
                expiry: Timestamp(
                    milliseconds: now.milliseconds + Broadcasts.validityMilliseconds))
            return current
        }
    }

    /// Whether a new version is far enough from the last one, or old enough itself.
    private func isDue(_ current: Timestamp, after last: Timestamp, now: Timestamp) -> Bool {
        guard seconds(from: last, to: now) > debounceSeconds, current > last else { return false }
        return seconds(from: last, to: current) > debounceSeconds
            || seconds(from: current, to: now) > debounceSeconds
    }

    private func seconds(from start: Timestamp, to end: Timestamp) -> Int {
        Int((end.milliseconds - start.milliseconds) / 1000)
    }
}
