// SPDX-License-Identifier: MIT
//
// A stream of the monitor feed whose viewer may read something else than before changes its
// channel. It is told to forget what it has (`reset`, reason `access`), then the whole list as it
// is shown now: so nothing stays with it that it may not read any more, and what it may read now it
// has. Where the two lists are the same, it is only told a cursor that is good from then on
// (`ready`): a collection that was deleted took the permissions on it along, and whoever had them
// was told of the deletion.

import Core
import Hub

extension FanOut {
    /// Two channels that a stream may change between, by their serials, and when.
    private struct Move: Hashable {
        let old: UInt64
        let new: UInt64
        let head: Revision
    }

    /// Shows the streams of the monitor feed what their viewers may read by now.
    ///
    /// - Complexity: O(number of streams), and O(size of the log) for each two different lists.
    func show(_ visibilities: [Viewer: Visibility]) {
        var shown: [Int32: Visibility] = [:]
        for (viewer, visibility) in visibilities {
            let access = StreamAccess(viewer: viewer, path: nil)
            if let number = accesses.number(of: access) { shown[number] = visibility }
        }
        guard !shown.isEmpty else { return }
        // What was committed before is told to those who could read it then.
        synchronize()
        var sameLists: [Move: Bool] = [:]
        for place in subscribers.indices where subscribers[place].access != AccessTable.none {
            guard let visibility = shown[subscribers[place].access] else { continue }
            switch subscribers[place].phase {
            case .absent, .greeting, .ending: break
            case .catchingUp, .parked, .live: show(visibility, to: place, &sameLists)
            }
        }
    }

    private func show(_ visibility: Visibility, to place: Int, _ sameLists: inout [Move: Bool]) {
        let old = subscribers[place].cohort
        guard case .monitor(let filter) = cohorts[old].channel, filter.visibility != visibility
        else { return }
        var newFilter = filter
        newFilter.visibility = visibility
        let id = subscribers[place].id
        guard let new = retain(.monitor(newFilter)) else {
            end(id, farewell: nil)
            return
        }
        let move = Move(old: cohorts[old].serial, new: cohorts[new].serial, head: log.head)
        let isSameList = sameLists[move] ?? log.isSame(seenBy: filter, and: newFilter)
        sameLists[move] = isSameList
        let position = position(of: place)
        transport.leave(id)
        subscribers[place].cohort = new
        if isSameList, log.isSame(after: position.revision, seenBy: filter, and: newFilter) {
            subscribers[place].phase = .catchingUp(position, owesReady: true)
        } else {
            let start = cohorts[new].resume(from: nil, in: log).position
            subscribers[place].phase = .catchingUp(start, owesReady: true)
            subscribers[place].owedReset = .access
        }
        releaseCohort(old)
        // A full socket drains first.
        guard !transport.hasPendingOutput(id) else { return }
        advance(place, preamble: takeOwedReset(place))
    }

    /// Where a stream of the monitor feed stands.
    private func position(of place: Int) -> Position {
        switch subscribers[place].phase {
        case .catchingUp(let position, _), .parked(let position): position
        case .absent, .greeting, .live, .ending: livePosition(of: place)
        }
    }

    /// The event that tells a stream to forget what it has, if it is still to be told.
    func takeOwedReset(_ place: Int) -> EncodedFrame? {
        guard let reason = subscribers[place].owedReset else { return nil }
        subscribers[place].owedReset = nil
        var bytes: [UInt8] = []
        subscribers[place].encoding.appendReset(reason, to: &bytes)
        return EncodedFrame(bytes)
    }
}

extension ChangeLog {
    /// Whether two filters let the same live entries pass.
    ///
    /// - Complexity: O(*n*).
    fileprivate func isSame(seenBy one: ChangeFilter, and other: ChangeFilter) -> Bool {
        entries(after: .zero).allSatisfy { entry in
            let path = entry.change.path
            return entry.change.isTombstone || one.matches(path) == other.matches(path)
        }
    }

    /// Whether two filters let the same of what happened after a revision pass, deletions included:
    /// else who lags would not be told of one that it has to know of, or of one that is not its.
    ///
    /// - Complexity: O(*k*), where *k* is the number of entries after the revision.
    fileprivate func isSame(
        after revision: Revision, seenBy one: ChangeFilter, and other: ChangeFilter
    ) -> Bool {
        entries(after: revision).allSatisfy { entry in
            one.matches(entry.change.path) == other.matches(entry.change.path)
        }
    }
}
