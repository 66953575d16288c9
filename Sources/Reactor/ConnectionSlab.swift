// SPDX-License-Identifier: MIT
//
// The records of a loop's connections: 48 bytes each, trivial, in chunks mapped from the kernel.
//
// Chunks never move, so the address of a record stays right while its connection lives. The lowest
// chunk with room is filled first, so that the upper ones empty after a crowd has left, and an
// empty chunk goes back to the kernel (one is kept, so that a single connection that comes and
// goes at a boundary does not map and unmap). Only pages that were used count as memory.
//
// A record is in use exactly if its generation is not 0. Generations come from one counter of the
// loop: also a chunk that went and came back holds no generation twice.

import CLinux
import Glibc

/// What a connection is in the middle of.
struct ConnectionFlags: OptionSet {
    /// One bit per flag.
    let rawValue: UInt32

    /// epoll watches for input.
    static let watchesInput = ConnectionFlags(rawValue: 1)
    /// epoll watches for room for output.
    static let watchesOutput = ConnectionFlags(rawValue: 2)
    /// The handler wants no input now.
    static let readingPaused = ConnectionFlags(rawValue: 4)
    /// The peer's end was read.
    static let endReceived = ConnectionFlags(rawValue: 8)
    /// The socket took less than it was given: the handler is owed a `drained`.
    static let outputBlocked = ConnectionFlags(rawValue: 16)
    /// Output is kept in `PendingOutputs`.
    static let outputKept = ConnectionFlags(rawValue: 32)
    /// Input is kept in the side table.
    static let inputKept = ConnectionFlags(rawValue: 64)
    /// It closes when its output is out.
    static let closesAfterOutput = ConnectionFlags(rawValue: 128)
    /// Its output is out and ended; it waits for the peer's end.
    static let lingers = ConnectionFlags(rawValue: 256)
    /// It is in the queue of connections to close.
    static let doomed = ConnectionFlags(rawValue: 512)
    /// It has a deadline in the wheel.
    static let hasDeadline = ConnectionFlags(rawValue: 1024)
    /// Kept input is to be given again in this turn.
    static let resumes = ConnectionFlags(rawValue: 2048)
    /// Its peer must acknowledge what it is sent within the loop's limit.
    static let timesPeer = ConnectionFlags(rawValue: 4096)

    /// The handler has no say any more.
    static let ending: ConnectionFlags = [.closesAfterOutput, .lingers, .doomed]
}

/// One connection.
struct ConnectionRecord {
    /// The handler's words.
    var state: ConnectionState
    /// The socket, owned by the loop.
    var descriptor: Int32
    /// 0 if the record is free.
    var generation: UInt32
    /// What it is in the middle of.
    var flags: ConnectionFlags
    /// The index of its group, or `ConnectionGroups.none`.
    var group: UInt32
    /// Its place in the group's members; if its output is kept, what names that in
    /// `PendingOutputs`: who waits for room is in no group.
    var groupPosition: UInt32
    /// Its deadline's links; in a free record `next` is the next free slot.
    var timer: TimerLink
}

/// The records of one loop's connections.
final class ConnectionSlab {
    /// Records in one chunk: 48 KiB, twelve pages.
    static let chunkRecords = 1 << chunkShift
    private static let chunkShift: UInt32 = 10
    private static let chunkBytes = chunkRecords * MemoryLayout<ConnectionRecord>.stride
    private static let none = UInt32.max

    /// What is known of a chunk besides its records.
    private struct Chunk {
        var firstFree = ConnectionSlab.none
        /// Records that were ever used; those beyond were never touched.
        var used: UInt32 = 0
        var live: UInt32 = 0
    }

    /// Connections there may be at once.
    private(set) var capacity: Int
    /// Connections there are.
    private(set) var count = 0

    private var chunkCount: Int
    private var bases: UnsafeMutablePointer<UnsafeMutablePointer<ConnectionRecord>?>
    private var chunks: UnsafeMutablePointer<Chunk>
    /// No chunk below it has room.
    private var lowestWithRoom = 0
    /// The empty chunk that is kept mapped, or -1.
    private var spare = -1
    private var lastGeneration: UInt32 = 0

    /// Makes a slab for at most `capacity` connections; memory comes as they do.
    init(capacity: Int) {
        self.capacity = capacity
        chunkCount = Self.chunkCount(for: capacity)
        bases = .allocate(capacity: chunkCount)
        bases.initialize(repeating: nil, count: chunkCount)
        chunks = .allocate(capacity: chunkCount)
        chunks.initialize(repeating: Chunk(), count: chunkCount)
    }

    private static func chunkCount(for capacity: Int) -> Int {
        precondition(capacity > 0 && capacity < Int(none) - 16)
        return (capacity + chunkRecords - 1) >> Int(chunkShift)
    }

    /// Sets how many connections there may be. Those that there are stay, and so do their records.
    ///
    /// - Complexity: O(capacity / `chunkRecords`) if it grows.
    func setCapacity(_ newCapacity: Int) {
        let newCount = Self.chunkCount(for: newCapacity)
        capacity = newCapacity
        guard newCount > chunkCount else { return }
        let newBases = UnsafeMutablePointer<UnsafeMutablePointer<ConnectionRecord>?>.allocate(
            capacity: newCount)
        newBases.moveInitialize(from: bases, count: chunkCount)
        (newBases + chunkCount).initialize(repeating: nil, count: newCount - chunkCount)
        bases.deallocate()
        bases = newBases
        let newChunks = UnsafeMutablePointer<Chunk>.allocate(capacity: newCount)
        newChunks.moveInitialize(from: chunks, count: chunkCount)
        (newChunks + chunkCount).initialize(repeating: Chunk(), count: newCount - chunkCount)
        chunks.deallocate()
        chunks = newChunks
        chunkCount = newCount
    }

    deinit {
        for index in 0..<chunkCount where bases[index] != nil { unmap(index) }
        bases.deallocate()
        chunks.deallocate()
    }

    /// The record of a connection, or nil if the id is stale.
    @inline(__always)
    func record(_ id: ConnectionID) -> UnsafeMutablePointer<ConnectionRecord>? {
        let chunk = Int(id.slot >> Self.chunkShift)
        guard chunk < chunkCount, id.generation != 0, let base = bases[chunk] else { return nil }
        let record = base + Int(id.slot & UInt32(Self.chunkRecords - 1))
        return record.pointee.generation == id.generation ? record : nil
    }

    /// The record at a slot that is known to be in use.
    @inline(__always)
    func record(atUsed slot: UInt32) -> UnsafeMutablePointer<ConnectionRecord> {
        bases[Int(slot >> Self.chunkShift)].unsafelyUnwrapped
            + Int(slot & UInt32(Self.chunkRecords - 1))
    }

    /// Takes a record for a socket, or returns nil if there are as many connections as may be, or
    /// no memory.
    ///
    /// - Complexity: amortized O(1).
    func insert(_ descriptor: Int32) -> ConnectionID? {
        guard count < capacity else { return nil }
        while chunks[lowestWithRoom].live == UInt32(Self.chunkRecords) { lowestWithRoom += 1 }
        let index = lowestWithRoom
        if bases[index] == nil, !map(index) { return nil }
        if spare == index { spare = -1 }
        let base = bases[index].unsafelyUnwrapped
        var place = chunks[index].firstFree
        if place == Self.none {
            place = chunks[index].used
            chunks[index].used += 1
        } else {
            chunks[index].firstFree = base[Int(place)].timer.next
        }
        chunks[index].live += 1
        count += 1
        lastGeneration = lastGeneration == .max ? 1 : lastGeneration + 1
        base[Int(place)] = ConnectionRecord(
            state: ConnectionState(), descriptor: descriptor, generation: lastGeneration, flags: [],
            group: ConnectionGroups.none, groupPosition: 0, timer: TimerLink())
        return ConnectionID(
            slot: UInt32(index) << Self.chunkShift | place, generation: lastGeneration)
    }

    /// Frees the record of a connection, which makes its id stale.
    func remove(_ id: ConnectionID) {
        guard let record = record(id) else { preconditionFailure("the connection was removed") }
        let index = Int(id.slot >> Self.chunkShift)
        record.pointee.generation = 0
        record.pointee.timer.next = chunks[index].firstFree
        chunks[index].firstFree = id.slot & UInt32(Self.chunkRecords - 1)
        chunks[index].live -= 1
        count -= 1
        lowestWithRoom = min(lowestWithRoom, index)
        guard chunks[index].live == 0 else { return }
        if spare < 0 {
            spare = index
        } else {
            unmap(max(spare, index))
            spare = min(spare, index)
        }
    }

    /// Visits the connections from slot `start` on, at most `limit` of them.
    ///
    /// - Returns: The slot to go on from, or nil at the end.
    /// - Complexity: O(*n*) in the number of records passed.
    func forEach(from start: Int, limit: Int, _ visit: (ConnectionID) -> Void) -> Int? {
        var left = limit
        var slot = max(start, 0)
        while slot < chunkCount << Int(Self.chunkShift) {
            let index = slot >> Int(Self.chunkShift)
            let place = slot & (Self.chunkRecords - 1)
            guard let base = bases[index], place < Int(chunks[index].used) else {
                slot = (index + 1) << Int(Self.chunkShift)
                continue
            }
            let generation = base[place].generation
            if generation != 0 {
                if left == 0 { return slot }
                left -= 1
                visit(ConnectionID(slot: UInt32(slot), generation: generation))
            }
            slot += 1
        }
        return nil
    }

    /// Chunks that are mapped, for tests of what memory is kept.
    var mappedChunks: Int { (0..<chunkCount).count { bases[$0] != nil } }

    private func map(_ index: Int) -> Bool {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let memory = mmap(nil, Self.chunkBytes, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let memory, memory != UnsafeMutableRawPointer(bitPattern: -1) else { return false }
        bases[index] = memory.bindMemory(to: ConnectionRecord.self, capacity: Self.chunkRecords)
        chunks[index] = Chunk()
        return true
    }

    private func unmap(_ index: Int) {
        munmap(bases[index], Self.chunkBytes)
        bases[index] = nil
        chunks[index] = Chunk()
    }
}

extension ConnectionSlab: TimerLinkStorage {
    /// The links in the record of a slot that is in use.
    @inline(__always)
    func timerLink(_ slot: UInt32) -> UnsafeMutablePointer<TimerLink> {
        let record = UnsafeMutableRawPointer(record(atUsed: slot))
        let offset = MemoryLayout<ConnectionRecord>.offset(of: \.timer).unsafelyUnwrapped
        return (record + offset).assumingMemoryBound(to: TimerLink.self)
    }
}
