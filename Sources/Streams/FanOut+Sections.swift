// SPDX-License-Identifier: MIT

import Core
import Hub

extension FanOut {
    /// Whether any live subscribers are still to be told something.
    package var isTelling: Bool { sections.isAnyOwed }

    /// How often everyone has been told who was behind when the pass began.
    package var passes: UInt64 { sections.passes }

    /// Goes on to tell those who are owed something, as many as one turn may.
    func continueTelling() {
        membersLeft = configuration.toldPerTurnMax
        while membersLeft > 0, let section = sections.takeTurn() { tell(section) }
        askToGoOn()
    }

    /// Tells everyone who is owed something.
    func tellAll() {
        while let section = sections.takeTurn() { tell(section) }
    }

    /// Has the loop go on soon if anyone is owed something.
    func askToGoOn() {
        if sections.isAnyOwed { transport.continueSoon() }
    }

    /// Something new begins to be told: as many are told at once as one turn may, unless others
    /// were first.
    func beginTelling() {
        membersLeft = sections.isAnyOwed ? 0 : configuration.toldPerTurnMax
    }

    /// Sends a frame to the live subscribers of a cohort in an encoding, as many as may be told at
    /// once; the others are owed it.
    ///
    /// - Parameters:
    ///   - first: The first of their sections.
    ///   - before: Where those stand who have everything but this.
    ///   - reached: Where they stand when they have it.
    ///   - frame: Called if there is anyone who had everything.
    func tell(
        _ first: Int32, from before: Position, to reached: Position, entryCount: Int,
        _ stalled: inout [(StreamID, BlockedMember)], frame: () -> EncodedFrame
    ) {
        var made: EncodedFrame?
        var next = first
        while next != SectionTable.none {
            let section = sections[next]
            let count = transport.memberCount(of: section.group)
            if section.owedAfter == nil, count > 0 {
                let frame = made ?? frame()
                made = frame
                if membersLeft > 0 {
                    membersLeft -= count
                    send(frame, to: section.group, entryCount: entryCount, &stalled)
                } else {
                    sections.owe(
                        next, after: before,
                        SectionTable.OwedFrame(
                            frame: frame, entryCount: entryCount, reached: reached))
                }
            }
            next = section.next
        }
    }

    /// Whether a cohort has live subscribers.
    ///
    /// - Complexity: O(number of their sections).
    func hasLiveMembers(_ number: Int32) -> Bool {
        for first in cohorts[number].firstSections {
            var next = first
            while next != SectionTable.none {
                let section = sections[next]
                if transport.memberCount(of: section.group) > 0 { return true }
                next = section.next
            }
        }
        return false
    }

    /// Tells a section everything it is owed, and lets those join that waited for it.
    private func tell(_ section: SectionTable.Section) {
        guard let start = section.owedAfter else { return }
        let count = transport.memberCount(of: section.group)
        membersLeft -= max(count, 1)
        if count > 0 {
            var stalled: [(StreamID, BlockedMember)] = []
            if let owed = section.owedFrame, owed.reached == head(of: section.encoding) {
                send(owed.frame, to: section.group, entryCount: owed.entryCount, &stalled)
                for (id, outcome) in stalled {
                    noteStalled(id, outcome, before: start, reached: owed.reached)
                }
            } else {
                tell(section.group, section.cohort, section.encoding, after: start, &stalled)
            }
        }
        unpark(section.waiting)
    }

    /// Where those stand who have everything.
    private func head(of encoding: StreamEncoding) -> Position {
        Position(after: encoding == .push ? Revision(broadcasts.head) : log.head)
    }

    /// Sends a group everything after `start`.
    func tell(
        _ group: StreamGroup, _ cohort: Int32, _ encoding: StreamEncoding, after start: Position,
        _ stalled: inout [(StreamID, BlockedMember)]
    ) {
        var position = start
        while true {
            let step = nextStep(in: cohort, encoding: encoding, after: position, owesReady: false)
            guard case .send(let catchUp) = step, let frame = catchUp.frame else { return }
            send(frame, to: group, entryCount: catchUp.entryCount, &stalled)
            for (id, outcome) in stalled {
                noteStalled(id, outcome, before: position, reached: catchUp.position)
            }
            stalled.removeAll(keepingCapacity: true)
            position = catchUp.position
            guard !catchUp.isComplete, transport.memberCount(of: group) > 0 else { return }
        }
    }

    /// Lets streams go on that waited for others to come where they are.
    func unpark(_ streams: [StreamID]) {
        for id in streams {
            guard let place = place(of: id), case .parked(let position) = subscribers[place].phase
            else { continue }
            subscribers[place].phase = .catchingUp(position, owesReady: false)
            if !transport.hasPendingOutput(id) { advance(place, preamble: nil) }
        }
    }

    /// Makes a subscriber live that has everything, or has it wait for the members of its section.
    func joinSection(_ place: Int, at position: Position) {
        let id = subscribers[place].id
        let number = sectionWithRoom(
            in: subscribers[place].cohort, subscribers[place].encoding)
        subscribers[place].section = number
        guard sections[number].owedAfter == nil else {
            subscribers[place].phase = .parked(position)
            sections.wait(id, for: number)
            statistics.parked += 1
            return
        }
        subscribers[place].phase = .live
        transport.join(id, sections[number].group)
    }

    /// A section of a cohort and encoding that can have one more member; it is the first of its
    /// list then.
    ///
    /// - Complexity: O(1) amortized over the members of a section.
    private func sectionWithRoom(in cohort: Int32, _ encoding: StreamEncoding) -> Int32 {
        let first = cohorts[cohort].firstSections[encoding.rawValue]
        var previous = SectionTable.none
        var next = first
        while next != SectionTable.none {
            let section = sections[next]
            let count = transport.memberCount(of: section.group) + section.waiting.count
            if count < configuration.sectionMembersMax {
                if previous != SectionTable.none {
                    sections.moveToFront(next, after: previous, first: first)
                    cohorts.setFirstSection(next, of: cohort, encoding)
                }
                return next
            }
            previous = next
            next = section.next
        }
        let number = sections.add(transport.makeGroup(), of: cohort, encoding, before: first)
        cohorts.setFirstSection(number, of: cohort, encoding)
        return number
    }

    /// Ends the sections of a cohort that has no subscribers any more.
    func removeSections(of cohort: CohortTable.Cohort) {
        for first in cohort.firstSections {
            var next = first
            while next != SectionTable.none {
                let section = sections[next]
                transport.removeGroup(section.group)
                sections.remove(next)
                next = section.next
            }
        }
    }
}
