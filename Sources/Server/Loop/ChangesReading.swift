// SPDX-License-Identifier: MIT

import Reactor
import Streams

/// Takes a loop's questions of what changed to the storage, and the answers back to its streams.
///
/// Confined to the loop's thread, but for the way through the storage.
final class ChangesReading: @unchecked Sendable {
    private let loop: EventLoop
    /// Asks the storage.
    var dispatcher: RequestDispatcher
    /// The loop's streams, which ask; set once, when they are made.
    weak var fanOut: LoopService.Streaming?

    /// Makes the way between a loop and the storage.
    init(loop: EventLoop, dispatcher: RequestDispatcher) {
        self.loop = loop
        self.dispatcher = dispatcher
    }

    /// Asks the storage; the streams are told the answer in a later turn of the loop.
    func ask(_ question: ChangesQuestion) {
        dispatcher.readChanges(question) { [self] answer in
            _ = loop.post { self.fanOut?.changesAnswered(question, answer) }
        }
    }
}
