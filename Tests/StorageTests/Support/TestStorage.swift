// SPDX-License-Identifier: MIT

import Core
import Glibc
import Storage
import Synchronization
import Testing

/// The kinds of storage that keep one contract.
enum Backend: CaseIterable, Sendable {
    case memory, sqlite
}

/// A clock that stands still until it is told to go on.
final class TestClock: Sendable {
    private let milliseconds: Mutex<Int64>

    init(_ milliseconds: Int64 = 1_000_000) {
        self.milliseconds = Mutex(milliseconds)
    }

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    func set(_ milliseconds: Int64) {
        self.milliseconds.withLock { $0 = milliseconds }
    }

    var function: @Sendable () -> Timestamp {
        { self.now }
    }
}

/// A directory of a test's own, removed with everything in it when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/heliograph-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// The names of the files in it.
    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The path of a file in it.
    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// Whole files, as bytes.
enum Files {
    static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "rb") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    static func write(_ bytes: some Collection<UInt8>, to path: String) throws {
        let file = try #require(fopen(path, "wb"))
        defer { fclose(file) }
        let bytes = Array(bytes)
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }
}

/// Runs a test on a storage of its own and closes it.
func withStorage(
    _ backend: Backend, _ body: (any Storage, TestClock) async throws -> Void
) async throws {
    let clock = TestClock()
    switch backend {
    case .memory:
        let storage = MemoryStorage(epoch: Epoch(randomBits: 7), clock: clock.function)
        defer { storage.close() }
        try await body(storage, clock)
    case .sqlite:
        let directory = try TemporaryDirectory()
        let storage = try SQLiteStorage(path: directory.file("test.db"), clock: clock.function)
        defer { storage.close() }
        try await body(storage, clock)
        withExtendedLifetime(directory) {}
    }
}

/// Keeps what is told to it from any thread.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func append(_ element: Element) { elements.withLock { $0.append(element) } }
    func append(contentsOf more: [Element]) { elements.withLock { $0 += more } }
    var all: [Element] { elements.withLock { $0 } }
}

/// An error of a test's own.
struct Refusal: Error, Equatable {}

extension CollectionPath {
    static let plugins = CollectionPath(bucket: "main", collection: "plugins")
    static let addons = CollectionPath(bucket: "main", collection: "addons")
}

extension ResourceList {
    static let plugins = ResourceList.records(of: .plugins)
    static let addons = ResourceList.records(of: .addons)
}

extension Timestamp: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) { self.init(milliseconds: value) }
}

extension StorageTransaction {
    /// Puts an object with one member.
    @discardableResult
    func put(_ id: String, _ timestamp: Timestamp? = nil, in list: ResourceList) throws
        -> StoredObject
    {
        try put(id, members: JSONObject([("n", .integer(1))]), timestamp: timestamp, in: list)
    }
}

extension StorageReader {
    /// The ids of what a query asks for, in its order.
    func ids(_ query: ObjectQuery) throws -> [String] {
        var ids: [String] = []
        try visit(query) { object in
            ids.append(object.id)
            return true
        }
        return ids
    }
}

extension StoredObject {
    var text: String { String(decoding: json, as: UTF8.self) }
}
