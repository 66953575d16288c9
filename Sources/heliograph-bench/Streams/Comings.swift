// SPDX-License-Identifier: MIT

import Core

/// When the streams of returning subscribers ended, and when these came back.
struct Comings {
    /// When streams ended, in nanoseconds of the clock; so are the other times.
    private(set) var ends: [Int64] = []
    /// When a connection was refused, or ended before its stream was ready.
    private(set) var refusals: [Int64] = []
    /// When a connection was made.
    private(set) var returns: [Int64] = []
    /// When a stream had all that was owed.
    private(set) var lives: [Int64] = []
    /// What the server told those whose streams ended to wait, in milliseconds.
    private(set) var told: [Int64] = []

    /// Makes an empty record.
    init() {}

    /// Notes the end of a stream.
    mutating func ended(atNanoseconds now: Int64, toldMilliseconds: Int?) {
        ends.append(now)
        if let toldMilliseconds { told.append(Int64(toldMilliseconds)) }
    }

    /// Notes a connection that did not become a stream.
    mutating func refused(atNanoseconds now: Int64) { refusals.append(now) }

    /// Notes that a connection was made.
    mutating func returned(atNanoseconds now: Int64) { returns.append(now) }

    /// Notes that a stream is caught up.
    mutating func becameLive(atNanoseconds now: Int64) { lives.append(now) }

    /// Adds the record of another process.
    ///
    /// - Complexity: O(*n*).
    mutating func merge(_ other: Comings) {
        ends += other.ends
        refusals += other.refusals
        returns += other.returns
        lives += other.lives
        told += other.told
    }
}

/// The form in which client processes hand their records over.
extension Comings {
    /// The record as JSON.
    ///
    /// - Complexity: O(*n*).
    var json: JSONValue {
        let lists = [ends, refusals, returns, lives, told]
        return .array(lists.map { .array($0.map { .integer($0) }) })
    }

    /// Reads what `json` wrote, or returns nil if it is something else.
    ///
    /// - Complexity: O(*n*).
    init?(json: JSONValue?) {
        guard let lists = json?.array, lists.count == 5 else { return nil }
        let numbers = lists.map { ($0.array ?? []).compactMap(\.integer) }
        ends = numbers[0]
        refusals = numbers[1]
        returns = numbers[2]
        lives = numbers[3]
        told = numbers[4]
    }
}
