// SPDX-License-Identifier: MIT

import Core
import Hub

extension FanOut {
    /// Whether a stream is told of changes at the moment of its slice. Those that bring what
    /// changed lead to no polls, and need no pace.
    func isPaced(_ place: Int) -> Bool {
        pace.isOn && subscribers[place].encoding.isPaced
            && !cohorts[subscribers[place].cohort].includesChanges
    }

    /// Makes a subscriber live that has everything, or has it wait for its slice.
    func join(_ place: Int, at position: Position) {
        guard isPaced(place) else {
            joinSection(place, at: position)
            return
        }
        let id = subscribers[place].id
        let slice = pace.slice(of: id)
        guard isAtHead(slice) else {
            subscribers[place].phase = .parked(position)
            pace.slices[slice].parked.append(id)
            statistics.parked += 1
            return
        }
        let key = Pace.GroupKey(
            cohort: subscribers[place].cohort, encoding: subscribers[place].encoding)
        let group = pace.slices[slice].groups[key] ?? transport.makeGroup()
        pace.slices[slice].groups[key] = group
        subscribers[place].phase = .live
        transport.join(id, group)
    }

    /// Whether the members of a slice have everything; a slice without any has.
    private func isAtHead(_ slice: Int) -> Bool {
        let state = pace.slices[slice]
        if state.revision == log.head, state.broadcast == broadcasts.head { return true }
        let isEmpty =
            state.parked.isEmpty
            && state.groups.values.allSatisfy { transport.memberCount(of: $0) == 0 }
        if isEmpty { setAtHead(slice) }
        return isEmpty
    }

    private func setAtHead(_ slice: Int) {
        pace.slices[slice].revision = log.head
        pace.slices[slice].broadcast = broadcasts.head
    }

    /// There is something new: the slices are told it one after another.
    func startPacing() {
        guard pace.isOn, pace.noteNews() else { return }
        transport.setAlarm(milliseconds: pace.tickMilliseconds)
    }

    /// The next slice's moment has come.
    ///
    /// - Complexity: O(cohorts of the slice + members sent to).
    package func paceTick() {
        guard pace.isOn else { return }
        release(pace.tick())
        if pace.ticksLeft > 0 { transport.setAlarm(milliseconds: pace.tickMilliseconds) }
    }

    /// Tells a slice everything, and lets those join that waited for it.
    func release(_ slice: Int) {
        let before = pace.slices[slice]
        setAtHead(slice)
        pace.slices[slice].parked = []
        var stalled: [(StreamID, BlockedMember)] = []
        for (key, group) in before.groups where transport.memberCount(of: group) > 0 {
            let revision =
                key.encoding == .push ? Revision(before.broadcast) : before.revision
            tell(group, key.cohort, key.encoding, after: Position(after: revision), &stalled)
        }
        unpark(before.parked)
    }

    /// Where a live subscriber stands.
    func livePosition(of place: Int) -> Position {
        let cohort = cohorts[subscribers[place].cohort]
        guard isPaced(place) else {
            guard case .live = subscribers[place].phase else { return livePosition(of: cohort) }
            return sections[subscribers[place].section].owedAfter ?? livePosition(of: cohort)
        }
        let slice = pace.slices[pace.slice(of: subscribers[place].id)]
        switch cohort.channel {
        case .broadcasts: return Position(after: Revision(slice.broadcast))
        case .monitor, .collection: return Position(after: slice.revision)
        }
    }

    /// Counts one subscriber less of a cohort, whose groups end with the last.
    func releaseCohort(_ number: Int32) {
        guard let ended = cohorts.release(number) else { return }
        removeSections(of: ended)
        if pace.isOn { pace.removeGroups(of: number, transport: transport) }
    }
}
