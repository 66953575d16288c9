// SPDX-License-Identifier: MIT

/// What is measured when somebody wants a stream.
struct Load: Equatable {
    /// Memory in use, if that is known.
    var memoryBytes: Int?
    /// The loop's lag.
    var lagNanoseconds: Double
}

/// Decides by what is measured whether new streams are taken, before those that are there suffer.
///
/// What was too much must become clearly less before it is enough: otherwise the server would
/// change its mind with every stream that ends.
struct LoadPolicy {
    private var memory: Threshold?
    private var lag: Threshold?

    /// Makes a policy of limits; nil for none.
    init(memoryBytesMax: Int?, lagMillisecondsMax: Int?) {
        // A fraction of the memory is a lot of streams already; lag has to fall by half.
        memory = memoryBytesMax.map { Threshold(max: Double($0), recovery: Double($0) * 31 / 32) }
        lag = lagMillisecondsMax.map {
            Threshold(max: Double($0) * 1e6, recovery: Double($0) * 5e5)
        }
    }

    /// Why a new stream is refused now, or nil if it is taken.
    mutating func decide(_ load: Load) -> RefusalReason? {
        let isShort = load.memoryBytes.map { memory?.isExceeded(by: Double($0)) ?? false }
        let isBehind = lag?.isExceeded(by: load.lagNanoseconds) ?? false
        if isShort ?? false { return .memory }
        return isBehind ? .lag : nil
    }
}

/// A limit that counts as exceeded from above `max` until a value is below `recovery`.
private struct Threshold {
    let max: Double
    let recovery: Double
    var wasExceeded = false

    init(max: Double, recovery: Double) {
        self.max = max
        self.recovery = recovery
    }

    mutating func isExceeded(by value: Double) -> Bool {
        wasExceeded = wasExceeded ? value >= recovery : value > max
        return wasExceeded
    }
}
