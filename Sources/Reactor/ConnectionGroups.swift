// SPDX-License-Identifier: MIT
//
// Sets of connections, each a dense array of what the fan-out loop needs: eight bytes per member.
// A member's record knows its place, so that joining and leaving (the last member takes the place)
// are O(1). Groups live in raw memory: no reference counting, no exclusivity checks.

/// Names a set of connections of one loop.
package struct GroupID: Hashable, Sendable {
    /// The place of the group's record.
    let index: UInt32
    /// Which of the groups at that place.
    let generation: UInt32
}

/// One connection in a group, as the fan-out loop reads it.
struct GroupMember {
    /// The connection's slot.
    var slot: UInt32
    /// The connection's socket, so that the loop does not touch the record.
    var descriptor: Int32
}

/// The groups of one loop.
final class ConnectionGroups {
    /// The index that stands for "in no group".
    static let none = UInt32.max
    private static let membersMin = 4

    /// One group; a free one has generation 0 and the next free index in `count`.
    struct Group {
        /// The members, in no order.
        var members: UnsafeMutablePointer<GroupMember>?
        /// How many members there are.
        var count = 0
        /// How many members there is room for.
        var capacity = 0
        /// 0 if the group is free.
        var generation: UInt32 = 0
    }

    private let slab: ConnectionSlab
    private var groups: UnsafeMutablePointer<Group>
    private var groupCount = 0
    private var groupCapacity = 16
    private var firstFree = -1
    private var lastGeneration: UInt32 = 0

    /// Makes no groups, of connections whose records are in `slab`.
    init(slab: ConnectionSlab) {
        self.slab = slab
        groups = .allocate(capacity: groupCapacity)
    }

    deinit {
        for index in 0..<groupCount { groups[index].members?.deallocate() }
        groups.deallocate()
    }

    /// Makes an empty group.
    func make() -> GroupID {
        lastGeneration = lastGeneration == .max ? 1 : lastGeneration + 1
        let index: Int
        if firstFree >= 0 {
            index = firstFree
            firstFree = groups[index].count
        } else {
            if groupCount == groupCapacity { grow() }
            index = groupCount
            groupCount += 1
        }
        (groups + index).initialize(to: Group(generation: lastGeneration))
        return GroupID(index: UInt32(index), generation: lastGeneration)
    }

    /// Frees an empty group.
    func remove(_ id: GroupID) {
        let group = record(id)
        precondition(group.pointee.count == 0, "the group has members")
        group.pointee.members?.deallocate()
        group.pointee = Group(count: firstFree)
        firstFree = Int(id.index)
    }

    /// The record of a group; it moves when a group is made.
    @inline(__always)
    func record(_ id: GroupID) -> UnsafeMutablePointer<Group> {
        precondition(Int(id.index) < groupCount, "no such group")
        let group = groups + Int(id.index)
        precondition(group.pointee.generation == id.generation, "the group was removed")
        return group
    }

    /// Puts a connection that is in no group into one.
    func insert(
        _ slot: UInt32, _ connection: UnsafeMutablePointer<ConnectionRecord>, into id: GroupID
    ) {
        assert(connection.pointee.group == Self.none)
        let group = record(id)
        if group.pointee.count == group.pointee.capacity {
            setCapacity(of: group, to: max(Self.membersMin, group.pointee.capacity * 2))
        }
        let place = group.pointee.count
        group.pointee.members.unsafelyUnwrapped[place] = GroupMember(
            slot: slot, descriptor: connection.pointee.descriptor)
        group.pointee.count = place + 1
        connection.pointee.group = id.index
        connection.pointee.groupPosition = UInt32(place)
    }

    /// Takes a connection out of its group, if it is in one.
    ///
    /// - Parameter keepsCapacity: Whether the members stay where they are in memory.
    func remove(
        _ connection: UnsafeMutablePointer<ConnectionRecord>, keepsCapacity: Bool = false
    ) {
        guard connection.pointee.group != Self.none else { return }
        let group = groups + Int(connection.pointee.group)
        let members = group.pointee.members.unsafelyUnwrapped
        let place = Int(connection.pointee.groupPosition)
        let last = group.pointee.count - 1
        assert(members[place].descriptor == connection.pointee.descriptor)
        if place != last {
            members[place] = members[last]
            slab.record(atUsed: members[last].slot).pointee.groupPosition = UInt32(place)
        }
        group.pointee.count = last
        connection.pointee.group = Self.none
        if !keepsCapacity { shrink(group) }
    }

    /// Gives memory back if a group has become much smaller than it was.
    func shrink(_ group: UnsafeMutablePointer<Group>) {
        let capacity = group.pointee.capacity
        if capacity > Self.membersMin, group.pointee.count <= capacity / 4 {
            setCapacity(of: group, to: max(Self.membersMin, capacity / 2))
        }
    }

    private func setCapacity(of group: UnsafeMutablePointer<Group>, to capacity: Int) {
        let members = UnsafeMutablePointer<GroupMember>.allocate(capacity: capacity)
        if let old = group.pointee.members {
            members.update(from: old, count: group.pointee.count)
            old.deallocate()
        }
        group.pointee.members = members
        group.pointee.capacity = capacity
    }

    private func grow() {
        let larger = UnsafeMutablePointer<Group>.allocate(capacity: groupCapacity * 2)
        larger.update(from: groups, count: groupCount)
        groups.deallocate()
        groups = larger
        groupCapacity *= 2
    }
}
