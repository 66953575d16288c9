// SPDX-License-Identifier: MIT

import Reactor

/// What the handler knows of a connection besides its kind, in the upper bits of the first word.
struct ConnectionMarks: OptionSet {
    /// One bit per mark.
    let rawValue: UInt64

    /// It is one too many, and was accepted only to be told so.
    static let refused = ConnectionMarks(rawValue: 1 << 8)
    /// The header of the proxy is still to come.
    static let awaitsProxyHeader = ConnectionMarks(rawValue: 1 << 9)

    /// Its peer is a proxy whose word counts for where requests came from.
    static let isTrusted = ConnectionMarks(rawValue: 1 << 10)
    /// It is refused because its address has as many connections as it may.
    static let refusedByAddress = ConnectionMarks(rawValue: 1 << 11)
    /// It is counted among its address's connections.
    static let countsConnection = ConnectionMarks(rawValue: 1 << 12)
    /// It is counted among its address's streams.
    static let countsStream = ConnectionMarks(rawValue: 1 << 13)

    /// The bits of a word that are no marks: the kind's.
    static let kindBits: UInt64 = 0xFF
}

extension LoopService {
    /// What a connection is at the moment.
    func kind(of connection: ConnectionID) -> Kind {
        Kind(rawValue: loop[state: connection].first & ConnectionMarks.kindBits) ?? .closing
    }

    /// Takes note that a connection became something else.
    func setKind(_ kind: Kind, of connection: ConnectionID) {
        loop[state: connection].first = kind.rawValue | marks(of: connection).rawValue
    }

    /// The marks of a connection.
    func marks(of connection: ConnectionID) -> ConnectionMarks {
        ConnectionMarks(rawValue: loop[state: connection].first & ~ConnectionMarks.kindBits)
    }

    /// Marks a connection.
    func mark(_ connection: ConnectionID, _ marks: ConnectionMarks) {
        loop[state: connection].first |= marks.rawValue
    }

    /// Takes marks off a connection.
    func unmark(_ connection: ConnectionID, _ marks: ConnectionMarks) {
        loop[state: connection].first &= ~marks.rawValue
    }

    /// The address that a connection is known by: the second word.
    func address(of connection: ConnectionID) -> AddressKey {
        AddressKey(bits: loop[state: connection].second)
    }
}
