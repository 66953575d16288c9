// SPDX-License-Identifier: MIT
//
// Polls repeat: thousands of clients of one kind ask for the same list with the same bytes. The
// answer to a poll depends on nothing but those bytes, the settings, what the hub has announced or
// counted, and the time, which answers tell in seconds. So within a second and between two changes,
// equal bytes get an equal answer, and it is found by them: nothing is parsed, nothing is rendered,
// nothing is allocated.
//
// Only what was parsed before as a request without a body, over a connection that stays open, and
// was answered without the storage, is remembered; the whole head is compared, so that a request
// cannot be taken for another.

import CLinux
import Core
import Hub

/// The answers of a loop's last polls, by the bytes of their requests.
///
/// Confined to the loop's thread.
struct RepeatedAnswers {
    /// What answers depend on besides the request.
    struct Stamp: Equatable {
        /// The time, in seconds since 1970.
        let second: Int64
        /// What the hub had announced before the answer was made.
        let head: Revision
        /// How many commits had written to collections by then, some of which announce nothing.
        let commits: UInt64
        /// How often permissions had changed by then.
        let accessChanges: UInt64
    }

    /// An answer as it goes onto the wire.
    struct Message {
        /// The head, and a short body behind it.
        let head: EncodedFrame
        /// A longer body.
        let body: EncodedFrame?
        /// How many bytes it has.
        var count: Int { head.count + (body?.count ?? 0) }
    }

    private struct Row {
        let request: [UInt8]
        let message: Message
    }

    private var rows = [Row?](repeating: nil, count: Limits.repeatedAnswersMax)
    private var stamp: Stamp?
    private var byteCount = 0
    /// How often an answer was found.
    private(set) var hits: UInt64 = 0

    /// The length of the head of a request that may be known; 0 if it cannot be.
    ///
    /// - Complexity: O(*n*).
    static func headLength(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count > 4, bytes[0] == UInt8(ascii: "G"), bytes[3] == UInt8(ascii: " ") else {
            return 0
        }
        let length = hg_head_length(bytes.baseAddress, bytes.count)
        return length <= Limits.repeatedRequestBytesMax ? length : 0
    }

    /// The answer to a request with that head, if one was given under the same stamp.
    ///
    /// - Complexity: O(*n*).
    mutating func answer(to request: UnsafeRawBufferPointer, _ now: Stamp) -> Message? {
        guard stamp == now, let row = rows[place(of: request)],
            row.request.count == request.count,
            row.request.withUnsafeBytes({
                hg_are_equal($0.baseAddress, request.baseAddress, request.count) != 0
            })
        else { return nil }
        hits &+= 1
        return row.message
    }

    /// Remembers an answer; what was given under another stamp is forgotten.
    ///
    /// - Complexity: O(*n*), and O(`Limits.repeatedAnswersMax`) under a new stamp.
    mutating func remember(
        _ message: Message, to request: UnsafeRawBufferPointer, _ now: Stamp
    ) {
        let bytes = message.count + request.count
        if stamp != now || byteCount + bytes > Limits.repeatedAnswersBytesMax {
            forget()
            stamp = now
        }
        guard bytes <= Limits.repeatedAnswersBytesMax else { return }
        let place = place(of: request)
        if let old = rows[place] { byteCount -= old.message.count + old.request.count }
        rows[place] = Row(request: Array(request), message: message)
        byteCount += bytes
    }

    /// Forgets all answers; to be called when settings change.
    ///
    /// - Complexity: O(`Limits.repeatedAnswersMax`).
    mutating func forget() {
        for index in rows.indices where rows[index] != nil { rows[index] = nil }
        byteCount = 0
        stamp = nil
    }

    /// Where a request has its row: a hash of eight bytes at a time (FNV-1a's step, widened). The
    /// last eight may overlap those before.
    private func place(of request: UnsafeRawBufferPointer) -> Int {
        guard request.count >= 8 else { return Int(request.last ?? 0) % rows.count }
        var hash = UInt64(truncatingIfNeeded: request.count)
        var offset = 0
        while offset < request.count {
            let place = min(offset, request.count - 8)
            let word = request.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
            offset += 8
        }
        return Int(truncatingIfNeeded: (hash ^ (hash >> 29)) % UInt64(rows.count))
    }
}
