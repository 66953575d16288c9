// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// Small helpers around raw descriptors.
enum FileDescriptor {
    /// Writes all of `bytes`, waiting as long as it takes.
    ///
    /// - Throws: `BenchFailure` when the descriptor cannot be written to.
    /// - Complexity: O(*n*).
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
            }
            if written < 0 {
                if hg_errno() == EINTR { continue }
                throw BenchFailure.systemCall("write")
            }
            offset += written
        }
    }

    /// Reads up to `countMax` bytes; none mean that the other side is gone.
    ///
    /// - Throws: `BenchFailure` when the descriptor cannot be read, or its time-out passed.
    static func readSome(from descriptor: Int32, countMax: Int = 64 * 1024) throws -> [UInt8] {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: countMax) { buffer, initialized in
                count = read(descriptor, buffer.baseAddress!, countMax)
                initialized = max(0, count)
            }
            if count >= 0 { return bytes }
            switch hg_errno() {
            case EINTR: continue
            case EAGAIN: throw BenchFailure("no answer in time")
            case let code: throw BenchFailure.systemCall("read", code: code)
            }
        }
    }

    /// The whole content of a file, or nil if it cannot be read; made for `/proc`.
    ///
    /// - Complexity: O(size of the file).
    static func contents(ofFile path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        while let bytes = try? readSome(from: descriptor) {
            guard !bytes.isEmpty else { return String(decoding: content, as: UTF8.self) }
            content.append(contentsOf: bytes)
        }
        return nil
    }

    /// Writes a file that nobody else may read.
    ///
    /// - Throws: `BenchFailure` if that is not possible.
    /// - Complexity: O(*n*).
    static func write(_ bytes: [UInt8], toFile path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("cannot write \(path)") }
        defer { close(descriptor) }
        try writeAll(bytes, to: descriptor)
    }

    /// The names of what is in a directory, in order; none if it cannot be read.
    ///
    /// - Complexity: O(*n* log *n*).
    static func names(inDirectory path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Raises this process's limit of descriptors as far as it may.
    ///
    /// - Returns: The limit that now holds.
    static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
