// SPDX-License-Identifier: MIT
//
// `Synchronization.Mutex` has no condition to wait for, and the storage's threads sleep until there
// is a job. So this is the one place where the storage touches pthread's locks.

import Glibc

/// A value that threads share, with a way to wait until it has become what one wants.
///
/// For example, a queue of jobs:
///
/// ```swift
/// let job = jobs.wait { $0.popFirst() }
/// jobs.withLock { $0.append(job) }
/// jobs.wakeOne()
/// ```
///
/// `@unchecked Sendable`: `value` is only touched while `mutex` is held.
final class Monitor<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    /// Makes a monitor of a first value.
    init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        let mutexResult = pthread_mutex_init(mutex, nil)
        precondition(mutexResult == 0, "no memory for a mutex")
        let conditionResult = pthread_cond_init(condition, nil)
        precondition(conditionResult == 0, "no memory for a condition")
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` with the value, while no other thread does. It must not block.
    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        let locked = pthread_mutex_lock(mutex)
        precondition(locked == 0, "a mutex is broken")
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    /// Runs `body` with the value until it returns something, sleeping in between until woken.
    func wait<Result>(_ body: (inout Value) -> Result?) -> Result {
        let locked = pthread_mutex_lock(mutex)
        precondition(locked == 0, "a mutex is broken")
        defer { pthread_mutex_unlock(mutex) }
        while true {
            // The access to the value ends before the thread sleeps: others change it meanwhile.
            if let result = body(&value) { return result }
            let waited = pthread_cond_wait(condition, mutex)
            precondition(waited == 0, "a condition is broken")
        }
    }

    /// Wakes one of the threads that wait.
    func wakeOne() {
        pthread_cond_signal(condition)
    }

    /// Wakes all threads that wait.
    func wakeAll() {
        pthread_cond_broadcast(condition)
    }
}
