// SPDX-License-Identifier: MIT
//
// Two servers on one database would each announce only their own changes. SQLite's own locks do not
// tell them apart from a tool that only reads, and a second descriptor on the database file would
// drop them when closed (POSIX). So the lock is on a file beside it. The system lets go of it when
// the process ends, however it ends; the file itself stays.
//
// Its second line keeps how far the history had come when the database was last closed, so that a
// database which has gone back since, because a backup was put in its place, is found out.

import Glibc

/// The exclusive right to a database, held by a lock on the file `<path>.lock`.
final class FileLock: Sendable {
    /// What was recorded when the database was last closed, empty if nothing was.
    let recorded: String
    private let descriptor: Int32

    /// Takes the lock of the database at `path`.
    ///
    /// - Throws: `StorageError.unusable` if another process has it or the directory is missing,
    ///   `.notWritable` if the lock file cannot be made.
    init(besideDatabase path: String) throws(StorageError) {
        let lockPath = path + ".lock"
        descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let code = errno
            let reason = "cannot open the database \(path): "
            switch code {
            case ENOENT, ENOTDIR:
                throw .unusable(reason + "its directory does not exist")
            case EACCES, EPERM, EROFS, ENOSPC, EDQUOT:
                throw .notWritable(
                    reason + "cannot write \(lockPath): " + String(cString: strerror(code)))
            default:
                throw .unusable(
                    reason + "cannot open \(lockPath): " + String(cString: strerror(code)))
            }
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = FileLock.lines(of: descriptor).first ?? ""
            close(descriptor)
            throw .unusable(
                "the database \(path) is in use by another server"
                    + (holder.isEmpty ? "" : " (process \(holder))")
                    + ", which holds \(lockPath)")
        }
        recorded = FileLock.lines(of: descriptor).dropFirst().first ?? ""
        record(recorded)
    }

    /// Writes who has the lock, for people who wonder, and how far the history has come.
    ///
    /// A failure is no failure of the database: the record is only missing then.
    func record(_ text: String) {
        let lines = "\(getpid())\n\(text)\n"
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, lines, lines.utf8.count, 0) }
    }

    deinit {
        // Closing would not do where a process is just being started: it has the descriptor, too,
        // until it becomes its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func lines(of descriptor: Int32) -> [String] {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
