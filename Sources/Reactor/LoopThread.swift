// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// A thread of the operating system's that runs one function and is joined.
final class LoopThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: pthread_t

    /// Starts a thread.
    ///
    /// - Parameter name: At most 15 bytes, for those who look at the process.
    /// - Throws: `ReactorError.systemCall`.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(ReactorError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Limits.loopStackBytes)
        let context = Unmanaged.passRetained(
            Body {
                hg_name_thread(name)
                body()
            })
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw .systemCall("pthread_create", errno: result)
        }
        self.thread = thread
    }

    /// Waits until the function has returned.
    ///
    /// To be called once.
    func join() { pthread_join(thread, nil) }
}
