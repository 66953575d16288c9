// SPDX-License-Identifier: MIT

import Core
import Reactor
import Synchronization
import Wire

/// Why a connection of a listener for proxies is not served.
enum ProxyRefusal: Error, Equatable, CustomStringConvertible {
    /// Its peer is no trusted proxy.
    case untrusted
    /// It does not begin as it should.
    case header(ProxyHeaderError)

    /// What is wrong, for the operator.
    var description: String {
        switch self {
        case .untrusted: "not in heliograph.trusted_proxies"
        case .header(let error): error.description
        }
    }
}

/// What all loops share of how connections come in.
final class Edge: Sendable {
    /// What the operator says.
    let configuration: EdgeConfiguration
    /// Counts the connections.
    let admission: Admission
    /// Counts what each address has.
    let addresses: AddressLimits
    /// Counts what is refused.
    let refusals = RefusalCounts()
    /// Looks at the memory, and tells of refusals.
    let watch: OverloadWatch
    private let clock: @Sendable () -> Timestamp
    private let reporter: HeliographServer.Reporter
    private let proxyRefusals = Atomic(0)
    /// When a refusal was last told, in milliseconds since 1970.
    private let lastTold = Atomic<Int64>(0)

    /// Makes the edge of a server.
    ///
    /// - Parameter reporter: Whom it tells of refusals.
    init(
        _ options: HeliographServer.Options, reporter: HeliographServer.Reporter,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        configuration = options.edge
        admission = Admission(connectionsMax: options.connectionsMax)
        addresses = AddressLimits(
            connectionsMax: options.edge.connectionsPerAddressMax,
            streamsMax: options.edge.streamsPerAddressMax)
        let refusals = refusals
        watch = OverloadWatch(
            gauge: options.memoryGauge
                ?? MemoryGauge(megabytesMax: options.edge.memoryMegabytesMax),
            refusals: refusals,
            tell: { notice in
                switch notice {
                case .began(let reason):
                    let address = reason == .address ? "\(refusals.lastAddress)" : nil
                    reporter.refusing(reason.name, address)
                case .ended(let reason, let count): reporter.refusedNoMore(reason.name, count)
                }
            })
        self.reporter = reporter
        self.clock = clock
    }

    /// Whether a peer's word counts for where a connection or request came from.
    func trusts(_ peer: PeerAddress) -> Bool { configuration.trustedProxies.contains(peer) }

    /// How many connections of listeners for proxies were refused.
    var proxyRefusalCount: Int { proxyRefusals.load(ordering: .relaxed) }

    /// Takes note that a connection of a listener for proxies is not served.
    func note(_ refusal: ProxyRefusal, of peer: AddressKey) {
        proxyRefusals.add(1, ordering: .relaxed)
        let now = clock().milliseconds
        let last = lastTold.load(ordering: .relaxed)
        if now - last >= Limits.failureLogMillisecondsMin,
            lastTold.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        {
            reporter.proxyRefused("\(refusal)", "\(peer)")
        }
    }
}

extension LoadPolicy {
    /// Makes the policy of a server's loops.
    init(_ edge: Edge) {
        let lag = edge.configuration.loopLagMillisecondsMax
        self.init(
            memoryBytesMax: edge.watch.gauge?.bytesMax, lagMillisecondsMax: lag > 0 ? lag : nil)
    }
}
