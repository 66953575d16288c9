// SPDX-License-Identifier: MIT

import Core

/// Tells how far an import is: one line that changes on a terminal, a line now and then elsewhere.
final class ImportProgress {
    private let isTerminal: Bool
    private let write: (String) -> Void
    private let now: () -> Timestamp
    private let start: Timestamp
    private var told: Timestamp
    private var isLineOpen = false
    private var place = ""
    private var objects = 0
    private var tombstones = 0

    /// Begins to count.
    ///
    /// - Parameters:
    ///   - write: Takes what is to be shown, line ends included.
    init(isTerminal: Bool, now: @escaping () -> Timestamp, write: @escaping (String) -> Void) {
        self.isTerminal = isTerminal
        self.now = now
        self.write = write
        start = now()
        told = start
    }

    /// Notes which list is copied now: its URI, and how many objects the source says it has.
    func begin(_ uri: String, count: Int) {
        place = "\(uri) (\(count))"
        tell()
    }

    /// Notes what was stored.
    func add(_ stored: [ImportedObject]) {
        let gone = stored.count(where: { $0.stored.isTombstone })
        tombstones += gone
        objects += stored.count - gone
        tell()
    }

    /// Shows a line that stays.
    func say(_ line: String) {
        write((isLineOpen ? "\r\u{1B}[K" : "") + line + "\n")
        isLineOpen = false
    }

    /// What was copied so far, and how fast.
    var summary: String {
        let seconds = Double(now().milliseconds - start.milliseconds) / 1_000
        let rate = seconds > 0 ? Int(Double(objects + tombstones) / seconds) : 0
        let gone = tombstones == 0 ? "" : ", \(tombstones) deletions"
        return "\(objects) objects\(gone), \(rate) a second"
    }

    private func tell() {
        let waits = Limits.progressMilliseconds
        let wait = isTerminal ? waits.terminal : waits.file
        guard now().milliseconds - told.milliseconds >= wait else { return }
        told = now()
        guard isTerminal else { return write("\(summary): \(place)\n") }
        write("\r\u{1B}[K\(summary): \(place)".prefix(160).description)
        isLineOpen = true
    }
}
