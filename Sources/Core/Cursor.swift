// SPDX-License-Identifier: MIT

/// The position a subscriber says it has.
///
/// Three spellings are accepted wherever one is (the `Last-Event-ID` header; `_since`,
/// `last_event_id` and `lastEventId` in the query; `since` in a WebSocket message):
///
/// | spelling | case |
/// |---|---|
/// | nothing, or an empty text | `start` |
/// | `"1603126502200"` or `1603126502200` | `timestamp` |
/// | `1603126502200.a41f0c3b9d21.1042` | `exact` |
package enum Cursor: Hashable, Sendable {
    /// Nothing was seen: the whole list is owed.
    case start
    /// What a client has after a poll. Two collections may share a millisecond, so this says less
    /// than an exact cursor: entries with a `last_modified` above it are owed.
    case timestamp(Timestamp)
    /// What a stream sent as `id`: every change up to the revision of that history was seen.
    case exact(Timestamp, Epoch, Revision)

    /// Why a text is no cursor.
    package enum SyntaxError: Error, Equatable {
        /// It has none of the three spellings.
        case malformed
    }

    /// Reads a cursor in any of its spellings.
    ///
    /// - Throws: `SyntaxError.malformed`; a stream answers it with the whole list and a `reset`.
    /// - Complexity: O(1): texts longer than `Limits.cursorBytesMax` are refused unread.
    package init(parsing text: some StringProtocol) throws(SyntaxError) {
        guard text.utf8.count <= Limits.cursorBytesMax else { throw .malformed }
        try self.init(bytes: Array(text.utf8)[...])
    }

    private init(bytes: ArraySlice<UInt8>) throws(SyntaxError) {
        guard !bytes.isEmpty else {
            self = .start
            return
        }
        if let timestamp = Timestamp(quotedOrNot: bytes) {
            self = .timestamp(timestamp)
            return
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let time = DecimalNumber.parse(parts[0], digitsMax: 18),
            let epoch = Epoch(bytes: parts[1]),
            let number = DecimalNumber.parse(parts[2], digitsMax: 18), number >= 0,
            parts[2].first != UInt8(ascii: "-")
        else { throw .malformed }
        self = .exact(Timestamp(milliseconds: time), epoch, Revision(UInt64(number)))
    }
}

extension Cursor: CustomStringConvertible {
    /// The spelling that `init(parsing:)` reads back.
    package var description: String {
        switch self {
        case .start: ""
        case .timestamp(let timestamp): timestamp.description
        case .exact(let timestamp, let epoch, let revision): "\(timestamp).\(epoch).\(revision)"
        }
    }
}

extension JSONKind<Cursor> {
    /// A cursor in its exact spelling.
    package static var cursor: JSONKind {
        JSONKind(["type": "string", "pattern": .string(Cursor.exactPattern)]) {
            JSONWriter.append(string: $0.description, to: &$1)
        }
    }
}

extension Cursor {
    /// The exact spelling as a regular expression (ECMA-262); the epoch is twice as long where not
    /// everyone may read everything.
    fileprivate static let exactPattern =
        "^-?[0-9]{1,18}\\.[0-9a-f]{12}([0-9a-f]{12})?\\.[0-9]{1,18}$"
}
