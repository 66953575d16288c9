// SPDX-License-Identifier: MIT

/// Threads for work that takes a processor for long, of which there are few.
///
/// No event loop, no thread of the storage and no transaction ever waits for a password's hash, or
/// for a body to be compressed: whoever needs one goes on when it is there.
package protocol BackgroundWorkers: Sendable {
    /// Runs `work` on one of the threads, when its turn comes.
    ///
    /// - Returns: False if too much waits already; `work` is not run then.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool
}
