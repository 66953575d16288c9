// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// What of an address is counted.
enum HeldByAddress {
    /// Connections, as the server sees them or a proxy's header tells.
    case connection
    /// Streams, also those behind proxies.
    case stream
}

/// Whether an address may have one more.
enum AddressVerdict: Equatable {
    /// It may, and it was counted.
    case counted
    /// It may, and was not counted: there is no limit, nobody to count, or no room to count more
    /// addresses.
    case uncounted
    /// It has as many as it may.
    case tooMany
}

/// How many connections and streams each address has.
///
/// What is counted holds a descriptor, so there are no more entries than descriptors; still they
/// have a limit of their own, beyond which further addresses are not counted: who commands a
/// million addresses is not stopped by a limit for each. An entry is gone when both of its numbers
/// are 0.
struct AddressCounts {
    private struct Entry {
        var connections: UInt32 = 0
        var streams: UInt32 = 0

        subscript(held: HeldByAddress) -> UInt32 {
            get {
                switch held {
                case .connection: connections
                case .stream: streams
                }
            }
            set {
                switch held {
                case .connection: connections = newValue
                case .stream: streams = newValue
                }
            }
        }
    }

    private var entries: [AddressKey: Entry] = [:]
    private let addressesMax: Int

    /// Counts nothing yet.
    init(addressesMax: Int = Limits.countedAddressesMax) {
        self.addressesMax = addressesMax
    }

    /// How many addresses have something.
    var addressCount: Int { entries.count }

    /// Counts one more, unless the address has `max`.
    mutating func begin(_ held: HeldByAddress, of key: AddressKey, max: Int) -> AddressVerdict {
        guard key != .none else { return .uncounted }
        guard var entry = entries[key] else {
            guard entries.count < addressesMax else { return .uncounted }
            var entry = Entry()
            entry[held] = 1
            entries[key] = entry
            return .counted
        }
        guard entry[held] < max else { return .tooMany }
        entry[held] += 1
        entries[key] = entry
        return .counted
    }

    /// Counts one less of what was counted.
    ///
    /// - Complexity: O(1), amortized.
    mutating func end(_ held: HeldByAddress, of key: AddressKey) {
        guard var entry = entries[key], entry[held] > 0 else {
            assertionFailure("ended more than began")
            return
        }
        entry[held] -= 1
        guard entry.connections == 0, entry.streams == 0 else {
            entries[key] = entry
            return
        }
        entries[key] = nil
        giveMemoryBack()
    }

    /// A dictionary does not shrink by itself, and a crowd must not be remembered for ever.
    private mutating func giveMemoryBack() {
        guard entries.capacity > 1_024, entries.count * 8 < entries.capacity else { return }
        entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
    }
}

/// The limits for each address, over all loops together.
///
/// A lock is taken when something that is limited begins or ends, never for what goes on between.
final class AddressLimits: Sendable {
    private let connectionsMax: Int
    private let streamsMax: Int
    private let counts = Mutex(AddressCounts())

    /// Makes limits; 0 for none.
    init(connectionsMax: Int, streamsMax: Int) {
        self.connectionsMax = connectionsMax
        self.streamsMax = streamsMax
    }

    /// Whether streams are limited, so that it matters whose one is.
    var limitsStreams: Bool { streamsMax > 0 }

    /// How many addresses have something that is limited.
    var addressCount: Int { counts.withLock { $0.addressCount } }

    /// Counts one more, unless the address has as many as it may.
    func begin(_ held: HeldByAddress, of key: AddressKey) -> AddressVerdict {
        let max =
            switch held {
            case .connection: connectionsMax
            case .stream: streamsMax
            }
        guard max > 0, key != .none else { return .uncounted }
        return counts.withLock { $0.begin(held, of: key, max: max) }
    }

    /// Counts one less of what was counted.
    func end(_ held: HeldByAddress, of key: AddressKey) {
        counts.withLock { $0.end(held, of: key) }
    }
}
