// SPDX-License-Identifier: MIT

import Synchronization

/// A body that many answers share, as it is and compressed.
///
/// It is compressed when the first client asks for that, once, whoever asks meanwhile.
package final class RenderedBody: Sendable {
    /// Told of the compressed form, nil if that would be no shorter; on any thread.
    package typealias Completion = @Sendable (EncodedFrame?) -> Void

    /// What is known of the compressed form.
    package enum Compressed: Sendable {
        /// It, nil if there is none that is shorter.
        case made(EncodedFrame?)
        /// It is being made, and told when it is.
        case later
    }

    private enum State {
        case unmade
        case beingMade([Completion])
        case made(EncodedFrame?)
    }

    /// The body as it is.
    package let plain: EncodedFrame
    private let state = Mutex(State.unmade)

    /// Makes a body of its bytes.
    package init(_ bytes: [UInt8]) {
        plain = EncodedFrame(bytes)
    }

    /// The body compressed by gzip (RFC 1952).
    ///
    /// A short body is compressed at once, a longer one by `submit`.
    ///
    /// - Parameters:
    ///   - submit: Has work done on another thread; false if there is too much of it already, and
    ///     then there is no compressed form for now.
    ///   - completion: Told of it if it is made later, and only then.
    /// - Complexity: O(1) when it was made before.
    package func compressed(
        by submit: (@escaping @Sendable () -> Void) -> Bool,
        completion: @escaping Completion
    ) -> Compressed {
        let isShort = plain.count <= Limits.compressedAtOnceBytesMax
        let (known, isFirst) = state.withLock { state -> (Compressed?, Bool) in
            switch state {
            case .made(let frame): return (.made(frame), false)
            case .beingMade(let waiting):
                state = .beingMade(waiting + [completion])
                return (.later, false)
            case .unmade:
                if !isShort { state = .beingMade([completion]) }
                return (nil, true)
            }
        }
        if let known, !isFirst { return known }
        guard !isShort else {
            let frame = compress()
            state.withLock { $0 = .made(frame) }
            return .made(frame)
        }
        let isTaken = submit { self.finish(self.compress(), isFinal: true) }
        guard !isTaken else { return .later }
        // Whoever came meanwhile is told; the caller is by the result.
        finish(nil, isFinal: false, except: 1)
        return .made(nil)
    }

    private func compress() -> EncodedFrame? {
        let bytes = Gzip.compress(plain.bytes)
        return bytes.count < plain.count ? EncodedFrame(bytes) : nil
    }

    /// Tells those who wait.
    ///
    /// - Parameters:
    ///   - isFinal: Whether that is so for good.
    ///   - told: How many of the first are told by other means.
    private func finish(_ frame: EncodedFrame?, isFinal: Bool, except told: Int = 0) {
        let waiting = state.withLock { state -> [Completion] in
            guard case .beingMade(let waiting) = state else { return [] }
            state = isFinal ? .made(frame) : .unmade
            return waiting
        }
        for completion in waiting.dropFirst(told) { completion(frame) }
    }
}
