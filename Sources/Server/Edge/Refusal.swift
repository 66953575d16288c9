// SPDX-License-Identifier: MIT

/// Why something new is refused.
enum RefusalReason: Int, CaseIterable {
    /// There are as many connections as may be.
    case connections
    /// The process has no descriptor left, or the kernel no memory for a socket.
    case descriptors
    /// The client's address has as many as it may.
    case address
    /// The server uses as much memory as it may.
    case memory
    /// The loop is behind.
    case lag
    /// The server is ending.
    case draining

    /// The word for it in the log and the metrics.
    var name: String {
        switch self {
        case .connections: "connections"
        case .descriptors: "descriptors"
        case .address: "address"
        case .memory: "memory"
        case .lag: "lag"
        case .draining: "draining"
        }
    }
}

/// A refusal as it is told to a client.
struct Refusal {
    /// Why.
    let reason: RefusalReason
    /// What this client is told to wait before it returns.
    let retryMilliseconds: Int

    /// The same in whole seconds, rounded up.
    var retrySeconds: Int { (retryMilliseconds + 999) / 1_000 }
}
