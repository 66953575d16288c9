// SPDX-License-Identifier: MIT
//
// The fan-out: one frame to every member of a group. Per member it reads eight bytes in sequence
// and makes one system call; what is out of the ordinary is done in another function, and told
// when the loop is over, so that nobody changes the group meanwhile.

import CLinux
import Core

extension EventLoop {
    /// Makes an empty group.
    package func makeGroup() -> GroupID {
        assertOnLoop()
        return groups.make()
    }

    /// Ends a group, which must be empty.
    package func removeGroup(_ group: GroupID) {
        assertOnLoop()
        groups.remove(group)
    }

    /// How many connections are in a group.
    package func memberCount(of group: GroupID) -> Int {
        assertOnLoop()
        return groups.record(group).pointee.count
    }

    /// Puts a connection into a group, and out of the one it is in.
    ///
    /// The connection must not have pending output; it leaves when it gets some, and when it ends.
    package func join(_ id: ConnectionID, _ group: GroupID) {
        assertOnLoop()
        guard let record = active(id) else { return }
        precondition(
            !record.pointee.flags.contains(.outputBlocked), "output is pending: wait for drained")
        groups.remove(record)
        groups.insert(id.slot, record, into: group)
    }

    /// Takes a connection out of its group, if it is in one.
    package func leave(_ id: ConnectionID) {
        assertOnLoop()
        guard let record = slab.record(id) else { return }
        groups.remove(record)
    }

    /// Visits the members of a group, which must not change meanwhile.
    ///
    /// - Complexity: O(*n*) in the number of members.
    package func forEachMember(of group: GroupID, _ body: (ConnectionID) -> Void) {
        assertOnLoop()
        let members = groups.record(group).pointee
        for place in 0..<members.count {
            let slot = members.members.unsafelyUnwrapped[place].slot
            let record = slab.record(atUsed: slot)
            body(ConnectionID(slot: slot, generation: record.pointee.generation))
        }
    }

    /// Sends a frame to every member of a group.
    ///
    /// A member that does not take all of it leaves the group and is reported afterwards:
    /// `pending` if a part was taken (the rest is kept), `blocked` if nothing was (and nothing is
    /// kept), `closed` if its connection is broken. `drained` follows for the first two.
    ///
    /// - Complexity: O(*n*) in the number of members.
    package func send(
        _ frame: EncodedFrame, to group: GroupID,
        blocked: (ConnectionID, SendOutcome) -> Void
    ) {
        assertOnLoop()
        let members = groups.record(group).pointee
        guard members.count > 0, frame.count > 0 else { return }
        // Backwards: who leaves is replaced by one that has been served.
        let missed = frame.bytes.withUnsafeBytes { bytes in
            let base = bytes.baseAddress
            let count = bytes.count
            let first = members.members.unsafelyUnwrapped
            var missed = 0
            var place = members.count
            while place > 0 {
                place -= 1
                let result = hg_send(first[place].descriptor, base, count)
                if result != count {
                    missed += 1
                    miss(frame, SendResult(result), first[place].slot)
                }
            }
            return missed
        }
        statistics.sendCalls += members.count
        statistics.bytesSent += (members.count - missed) * frame.count
        if missed > 0 { report(group, blocked) }
    }

    /// Deals with a member that did not take all.
    @inline(never)
    private func miss(_ frame: EncodedFrame, _ result: SendResult, _ slot: UInt32) {
        let record = slab.record(atUsed: slot)
        let id = ConnectionID(slot: slot, generation: record.pointee.generation)
        groups.remove(record, keepsCapacity: true)
        let outcome: SendOutcome
        switch taken(result, id) {
        case nil: outcome = .closed
        case 0?:
            watchOutput(id, record)
            outcome = .blocked
        case let count?:
            outcome = keep(frame, from: count, id, record)
        }
        blockedMembers.append((id, outcome))
    }

    @inline(never)
    private func report(_ group: GroupID, _ blocked: (ConnectionID, SendOutcome) -> Void) {
        groups.shrink(groups.record(group))
        // Out of the loop's hands: the handler may send to another group from within.
        var members: [(connection: ConnectionID, outcome: SendOutcome)] = []
        swap(&members, &blockedMembers)
        for member in members { blocked(member.connection, member.outcome) }
    }
}
