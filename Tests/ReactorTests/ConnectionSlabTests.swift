// SPDX-License-Identifier: MIT

import Testing

@testable import Reactor

@Suite("A slab of connection records")
struct ConnectionSlabTests {
    @Test("spends 48 bytes on a connection")
    func size() {
        #expect(MemoryLayout<ConnectionRecord>.stride == 48)
        #expect(MemoryLayout<ConnectionState>.size == 16)
    }

    @Test("takes as many connections as it may, and one more only after one has left")
    func capacity() {
        let slab = ConnectionSlab(capacity: 1_025)
        let ids = (0..<1_025).compactMap { slab.insert(Int32($0)) }
        #expect(ids.count == 1_025)
        #expect(slab.insert(1) == nil)
        slab.remove(ids[700])
        let next = slab.insert(2)
        #expect(next?.slot == ids[700].slot)
        #expect(slab.insert(3) == nil)
    }

    @Test("may be given another capacity, which moves no record and ends no connection")
    func otherCapacity() {
        let slab = ConnectionSlab(capacity: 10)
        let ids = (0..<10).compactMap { slab.insert(Int32($0)) }
        let records = ids.map { slab.record($0) }
        #expect(slab.insert(10) == nil)
        slab.setCapacity(5_000)
        let more = (10..<5_000).compactMap { slab.insert(Int32($0)) }
        #expect(more.count == 4_990)
        #expect(slab.insert(5_000) == nil)
        #expect(ids.map { slab.record($0) } == records)
        #expect((ids + more).allSatisfy { slab.record($0)?.pointee.generation == $0.generation })
        slab.setCapacity(2)
        #expect(slab.count == 5_000)
        for id in (ids + more).dropFirst(2) { slab.remove(id) }
        #expect(slab.insert(1) == nil)
        slab.remove(ids[0])
        #expect(slab.insert(1) != nil)
        #expect(slab.insert(1) == nil)
    }

    @Test("makes an id stale when its connection leaves, also when the slot is used again")
    func stale() {
        let slab = ConnectionSlab(capacity: 10)
        guard let old = slab.insert(5) else { return #expect(Bool(false)) }
        slab.remove(old)
        #expect(slab.record(old) == nil)
        let new = slab.insert(6)
        #expect(new?.slot == old.slot)
        #expect(new != old)
        #expect(slab.record(old) == nil)
        #expect(slab.record(ConnectionID(bits: 0)) == nil)
        #expect(slab.record(ConnectionID(slot: 9_999, generation: 1)) == nil)
    }

    @Test("gives its memory back after a crowd has left, and its ids stay stale")
    func memory() {
        let slab = ConnectionSlab(capacity: 100_000)
        let ids = (0..<20_000).compactMap { slab.insert(Int32($0)) }
        #expect(slab.mappedChunks == 20)
        for id in ids.shuffled() { slab.remove(id) }
        #expect(slab.mappedChunks == 1)
        let again = (0..<20_000).compactMap { slab.insert(Int32($0)) }
        #expect(again.count == 20_000)
        #expect(ids.allSatisfy { slab.record($0) == nil })
        #expect(again.allSatisfy { slab.record($0) != nil })
    }

    @Test("is visited in batches, each connection once")
    func batches() {
        let slab = ConnectionSlab(capacity: 10_000)
        let ids = (0..<5_000).compactMap { slab.insert(Int32($0)) }
        for id in ids where id.slot % 3 == 0 { slab.remove(id) }
        var seen: [ConnectionID] = []
        var next: Int? = 0
        while let start = next {
            let before = seen.count
            next = slab.forEach(from: start, limit: 100) { seen.append($0) }
            #expect(seen.count - before <= 100)
        }
        #expect(seen == ids.filter { $0.slot % 3 != 0 })
    }

    @Test("spells an id as one number and reads it back")
    func bits() {
        let id = ConnectionID(slot: 7, generation: 9)
        #expect(ConnectionID(bits: id.bits) == id)
        #expect(id.bits == 9 << 32 | 7)
    }
}
