// SPDX-License-Identifier: MIT

import Glibc

/// A thread of the operating system's, because the storage's jobs block on the disk and neither a
/// reactor nor Swift's cooperative pool may.
struct StorageThread: Sendable {
    private let handle: pthread_t

    /// Starts a thread that runs `body` and ends.
    init(_ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let context = Unmanaged.passRetained(Body(body))
        let result = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        precondition(result == 0, "the system starts no more threads")
        self.handle = handle
    }

    /// Waits until the thread has ended; to be called once.
    ///
    /// A thread cannot wait for itself: called on the thread, this lets it end on its own.
    func join() {
        if pthread_equal(handle, pthread_self()) != 0 {
            pthread_detach(handle)
        } else {
            pthread_join(handle, nil)
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
