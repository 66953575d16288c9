// SPDX-License-Identifier: MIT

import Testing

@testable import Core

@Suite("A cursor")
struct CursorTests {
    let epoch = Epoch(randomBits: 0xA41F_0C00_0001)

    @Test("has three spellings")
    func spellings() throws {
        #expect(try Cursor(parsing: "") == .start)
        #expect(try Cursor(parsing: "123") == .timestamp(Timestamp(milliseconds: 123)))
        #expect(try Cursor(parsing: "\"123\"") == .timestamp(Timestamp(milliseconds: 123)))
        let exact = Cursor.exact(Timestamp(milliseconds: 7), epoch, Revision(42))
        #expect(exact.description == "7.a41f0c000001.42")
        #expect(try Cursor(parsing: exact.description) == exact)
        // Who sees only a part of the history is told which.
        let part = Cursor.exact(Timestamp(milliseconds: 7), epoch.viewed(0xB), Revision(42))
        #expect(part.description == "7.a41f0c00000100000000000b.42")
        #expect(try Cursor(parsing: part.description) == part)
        #expect(part != exact)
    }

    @Test(
        "is malformed in any other",
        arguments: [
            "abc", "+1", "1.2", "1.a41f0c000001.", "1.a41f0c000001.-1", "1.A41F0C000001.1", "\"",
            "\"1", "1 ", "1.a41f0c000001.1.2", "9999999999999999999", "é", "1.a41f0c00000.1",
            "1.a41f0c000001000000000000.1", "1.a41f0c0000010000000b.1",
            "1.a41f0c00000100000000000B.1",
        ])
    func malformed(text: String) {
        #expect(throws: Cursor.SyntaxError.malformed) { try Cursor(parsing: text) }
    }

    @Test("is as long as its longest spelling, longer than the limit it is malformed")
    func limit() throws {
        let longest = "-\(String(repeating: "9", count: 18)).a41f0c000001a41f0c000001."
        let number = String(repeating: "9", count: 18)
        #expect(try Cursor(parsing: longest + number).description == longest + number)
        #expect((longest + number).utf8.count <= Limits.cursorBytesMax)
        let text = String(repeating: "1", count: Limits.cursorBytesMax + 1)
        #expect(throws: Cursor.SyntaxError.malformed) { try Cursor(parsing: text) }
    }
}

@Suite("An entry")
struct EntryTests {
    @Test("has the id that kinto-changes gives it")
    func identity() {
        let path = CollectionPath(bucket: "blocklists", collection: "b")
        #expect(
            Entry.makeID(host: "www.example.com", path: path)
                == "1fd93c01-7dba-8f99-19a2-eb78da529d18")
    }

    @Test("is rendered as JSON, a tombstone with its mark")
    func rendering() {
        let path = CollectionPath(bucket: "b", collection: "c")
        let change = Change(
            path: path, timestamp: Timestamp(milliseconds: 5), revision: Revision(1),
            isTombstone: true)
        let entry = Entry(id: "x", change: change, host: "h\"")
        #expect(
            String(decoding: entry.json, as: UTF8.self)
                == #"{"id":"x","last_modified":5,"bucket":"b","collection":"c","host":"h\"","#
                + #""deleted":true}"#)
    }
}

@Suite("A resource path")
struct ResourcePathTests {
    @Test("names a bucket or a collection exactly")
    func matching() throws {
        let one = CollectionPath(bucket: "main", collection: "one")
        let other = CollectionPath(bucket: "main", collection: "one2")
        let collection = try #require(ResourcePath(uri: "/buckets/main/collections/one"))
        #expect(collection.contains(one))
        #expect(!collection.contains(other))
        let bucket = try #require(ResourcePath(uri: "/buckets/main"))
        #expect(bucket.contains(one) && bucket.contains(other))
    }

    @Test(
        "is refused when it is neither",
        arguments: [
            "", "/", "/buckets", "/buckets/", "/buckets/a/", "buckets/a", "/buckets/a/collections",
            "/buckets/a/collections/", "/buckets/a/groups/b", "/buckets/-a", "/buckets/a b",
            "/buckets/a/collections/b/records/c",
        ])
    func refusal(uri: String) {
        #expect(ResourcePath(uri: uri) == nil)
    }

    @Test("has ids of at most the limit")
    func idLimit() {
        let longest = String(repeating: "a", count: Limits.resourceIDBytesMax)
        #expect(ResourceID.isValid(longest))
        #expect(!ResourceID.isValid(longest + "a"))
    }
}

@Suite("Digests")
struct DigestTests {
    @Test("are those of the standards")
    func knownAnswers() {
        #expect(
            Digest.hexadecimal(Digest.md5(Array("abc".utf8)))
                == "900150983cd24fb0d6963f7d28e17f72")
        #expect(Base64.encode(Digest.sha1(Array("abc".utf8))) == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")
        #expect(
            Digest.hexadecimal(Digest.hmacSHA256(key: [], message: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test("with a key are those of RFC 4231, however often the key was used")
    func keyed() {
        let short = HMACKey(Array("Jefe".utf8))
        let long = HMACKey([UInt8](repeating: 0xAA, count: 131))
        for _ in 0..<2 {
            #expect(
                Digest.hexadecimal(short.code(of: Array("what do ya want for nothing?".utf8)))
                    == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
            let text = "Test Using Larger Than Block-Size Key - Hash Key First"
            #expect(
                Digest.hexadecimal(long.code(of: Array(text.utf8)))
                    == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        }
    }

    @Test("survive base64 at every length")
    func base64() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(Base64.decode(Base64.encode(bytes)[...]) == bytes)
        }
        for text in ["a", "a===", "ab=c", "ab=", "é", "a b="] {
            #expect(Base64.decode(text[...]) == nil)
        }
    }
}
