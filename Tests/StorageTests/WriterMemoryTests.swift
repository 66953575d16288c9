// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Storage

@Suite("What the writer remembers")
struct WriterMemoryTests {
    private let memory = WriterMemory()
    private let list = ResourceList.collections(of: "b")

    private func object(_ id: String, bytes: Int = 2) -> StoredObject {
        StoredObject(
            id: id, timestamp: Timestamp(milliseconds: 1), isTombstone: false,
            json: [UInt8](repeating: 0x20, count: bytes))
    }

    /// Whether an object is found without being read.
    private func knows(_ id: String, in list: ResourceList) -> Bool {
        var isRead = false
        _ = memory.object(id, in: list) {
            isRead = true
            return nil
        }
        return !isRead
    }

    /// Whether permissions are found without being read.
    private func knowsPermissions(of uri: String) -> Bool {
        var isRead = false
        _ = memory.permissions(of: uri) {
            isRead = true
            return [:]
        }
        return !isRead
    }

    @Test("is that there is an object, and that there is none, until it is written")
    func objects() {
        _ = memory.object("c", in: list) { object("c") }
        _ = memory.object("d", in: list) { nil }
        #expect(knows("c", in: list) && knows("d", in: list))
        memory.write("c", in: list)
        #expect(!knows("c", in: list) && knows("d", in: list))
    }

    @Test("are no records, and of their permissions the last only")
    func records() {
        let records = ResourceList(parent: "/buckets/b/collections/c", resource: "record")
        _ = memory.object("r", in: records) { object("r") }
        #expect(!knows("r", in: records))
        let uris = (0..<2).map { "\(records.parent)/records/r\($0)" }
        for uri in uris { memory.set(["write": ["me"]], of: uri) }
        #expect(knowsPermissions(of: uris[1]))
        #expect(!knowsPermissions(of: uris[0]))
        memory.set(["write": ["me"]], of: "/buckets/b")
        for uri in uris { memory.set([:], of: uri) }
        #expect(knowsPermissions(of: "/buckets/b"))
    }

    @Test("is forgotten with what is undone, if any of it was written meanwhile")
    func undoing() {
        _ = memory.object("c", in: list) { object("c") }
        let mark = memory.mark
        _ = memory.groups(containing: "me") { ["g"] }
        memory.undo(to: mark)
        #expect(knows("c", in: list))
        memory.changeMembers()
        memory.undo(to: mark)
        #expect(!knows("c", in: list))
    }

    @Test("is forgotten when another program has written")
    func others() {
        memory.begin(dataVersion: 1)
        _ = memory.object("c", in: list) { object("c") }
        memory.begin(dataVersion: 1)
        #expect(knows("c", in: list))
        memory.begin(dataVersion: 2)
        #expect(!knows("c", in: list))
    }

    @Test("is limited in bytes: an object larger than half of the room for objects is read anew")
    func bytes() {
        let most = Limits.writerMemoryBytesMax / 4 / 2 - WriterMemory.entryBytes
        for (id, bytes) in [("most", most), ("more", most + 1)] {
            _ = memory.object(id, in: list) { object(id, bytes: bytes) }
        }
        #expect(knows("most", in: list))
        #expect(!knows("more", in: list))
    }

    @Test("are the timestamps of some lists; where there are more, they are read anew")
    func lists() {
        for (count, kept) in [
            (Limits.writerMemoryListsMax, Limits.writerMemoryListsMax),
            (Limits.writerMemoryListsMax + 1, 0),
        ] {
            var rows: [ResourceList: SQLiteGroup.Row] = [:]
            for number in 0..<count {
                rows[.collections(of: "b\(number)")] = SQLiteGroup.Row(
                    number: Int64(number), timestamp: Timestamp(milliseconds: 1))
            }
            memory.committed(rows: rows, revision: Revision(7))
            #expect(memory.lastCommit.rows.count == kept)
            #expect(memory.lastCommit.revision == Revision(7))
        }
    }
}
