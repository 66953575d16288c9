// SPDX-License-Identifier: MIT
//
// Sections: the live subscribers of one cohort and encoding, a few hundred to each. A large cohort
// is told section by section, and between two of them the loop takes requests and what else has
// come, so that no write waits until everyone has been told of the one before (invariant I6).
//
//   change ──▶ section 1 at once ── other events ── section 2 ── … ── section 40
//
// What is committed meanwhile makes those behind that have been told already, not those that still
// wait: they are told the newest state when their turn comes. So with more changes than can be told
// each subscriber gets the newest state once per pass, at the rate that the loop sustains
// (conflation), and nobody is farther behind than a pass takes.
//
// Invariants:
// 1. The members of a section have exactly what is up to the position that it is owed from, or
//    everything if it is owed nothing.
// 2. Sections that are owed something are told in the order in which they fell behind.
// 3. Who has more than the members waits, parked, until they have been told, and joins then.

import Core
import Hub

/// The sections of a loop's cohorts, by their number.
struct SectionTable {
    /// What a section is owed if nothing more happens until its turn: it was encoded for those who
    /// were told at once.
    struct OwedFrame {
        /// The events.
        let frame: EncodedFrame
        /// How many entries they carry.
        let entryCount: Int
        /// Where the members stand when they have it.
        let reached: Position
    }

    /// Live subscribers that are told together.
    struct Section {
        /// The number of their cohort.
        let cohort: Int32
        /// How they spell events.
        let encoding: StreamEncoding
        /// The subscribers.
        let group: StreamGroup
        /// The next section of the same cohort and encoding, or `SectionTable.none`.
        fileprivate(set) var next: Int32
        /// Where the members stand if they are owed what came after it.
        fileprivate(set) var owedAfter: Position?
        /// The first frame of what they are owed.
        fileprivate(set) var owedFrame: OwedFrame?
        /// Streams that have more than the members, and join when those have been told.
        fileprivate(set) var waiting: [StreamID] = []
        /// Tells sections apart that had the same number one after another.
        fileprivate let serial: UInt64
    }

    /// Stands for no section.
    static let none: Int32 = -1

    private struct Turn {
        let number: Int32
        let serial: UInt64
    }

    private var sections: [Section?] = []
    private var free: [Int32] = []
    private var nextSerial: UInt64 = 0
    /// Whose turn it is to be told, from `turnsDone` on.
    private var turns: [Turn] = []
    private var turnsDone = 0
    /// Turns of the pass that is under way that are still to come.
    private var turnsOfPass = 0
    /// How often everyone has been told who was behind when the pass began.
    private(set) var passes: UInt64 = 0

    /// Whether any section is owed something.
    var isAnyOwed: Bool { turnsDone < turns.count }

    /// The section of a number in use.
    subscript(number: Int32) -> Section {
        guard let section = sections[Int(number)] else {
            preconditionFailure("a cohort's section is in use")
        }
        return section
    }

    /// Adds a section without members.
    ///
    /// - Parameter next: The section before which it comes in its cohort's list.
    /// - Returns: Its number.
    mutating func add(
        _ group: StreamGroup, of cohort: Int32, _ encoding: StreamEncoding, before next: Int32
    ) -> Int32 {
        nextSerial += 1
        let section = Section(
            cohort: cohort, encoding: encoding, group: group, next: next, serial: nextSerial)
        if let number = free.popLast() {
            sections[Int(number)] = section
            return number
        }
        sections.append(section)
        return Int32(sections.count - 1)
    }

    /// Takes a section out that has no members any more.
    mutating func remove(_ number: Int32) {
        sections[Int(number)] = nil
        free.append(number)
    }

    /// Moves a section to the front of its cohort's list.
    ///
    /// - Parameters:
    ///   - previous: The one before it.
    ///   - first: The one at the front.
    mutating func moveToFront(_ number: Int32, after previous: Int32, first: Int32) {
        let next = self[number].next
        sections[Int(previous)]?.next = next
        sections[Int(number)]?.next = first
    }

    /// Takes note that a section which had everything is owed what came after `position`, first a
    /// frame.
    mutating func owe(_ number: Int32, after position: Position, _ frame: OwedFrame) {
        let section = self[number]
        assert(section.owedAfter == nil, "a section is owed from one position")
        sections[Int(number)]?.owedAfter = position
        sections[Int(number)]?.owedFrame = frame
        turns.append(Turn(number: number, serial: section.serial))
        if turnsOfPass == 0 { turnsOfPass = 1 }
    }

    /// Has a stream wait until a section's members have been told.
    mutating func wait(_ stream: StreamID, for number: Int32) {
        sections[Int(number)]?.waiting.append(stream)
    }

    /// The section that is told next, as it was: it is owed nothing from now on, and nobody waits
    /// for it. Nil if nothing is owed.
    ///
    /// - Complexity: O(1) amortized.
    mutating func takeTurn() -> Section? {
        while turnsDone < turns.count {
            let turn = turns[turnsDone]
            turnsDone += 1
            turnsOfPass -= 1
            if turnsOfPass == 0 {
                passes += 1
                turnsOfPass = turns.count - turnsDone
            }
            if turnsDone * 2 >= turns.count {
                turns.removeFirst(turnsDone)
                turnsDone = 0
            }
            guard let section = sections[Int(turn.number)], section.serial == turn.serial
            else { continue }
            sections[Int(turn.number)]?.owedAfter = nil
            sections[Int(turn.number)]?.owedFrame = nil
            sections[Int(turn.number)]?.waiting = []
            return section
        }
        return nil
    }
}
