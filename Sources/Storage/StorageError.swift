// SPDX-License-Identifier: MIT

/// Why the storage could not do what it was asked; the API answers each with 503.
package enum StorageError: Error, Equatable {
    /// The disk is full, read-only or not permitted: nothing was written, later tries may succeed.
    case notWritable(String)
    /// The database is locked by another process for longer than `Limits` allows.
    case busy
    /// Too many jobs wait already.
    case overloaded
    /// The storage is closed or closing.
    case closed
    /// The database cannot be opened, read or understood; the text is for the operator.
    case unusable(String)
    /// Reading the timestamp of a list that has none would have to write it; a read-only
    /// transaction cannot. Do it again as a write.
    case requiresWrite
}

extension StorageError: CustomStringConvertible {
    /// One line for the operator.
    package var description: String {
        switch self {
        case .notWritable(let reason), .unusable(let reason): reason
        case .busy: "the database is locked by another process"
        case .overloaded: "too many requests wait for the database"
        case .closed: "the database is closed"
        case .requiresWrite: "a list has no timestamp yet"
        }
    }
}
