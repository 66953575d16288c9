// SPDX-License-Identifier: MIT

import Testing

@testable import Storage

@Suite("A job queue")
struct JobQueueTests {
    @Test("gives jobs in their order, up to as many as asked for")
    func order() throws {
        let queue = JobQueue<Int>(jobsMax: 100)
        for number in 0..<10 { try queue.append(number) }
        #expect(queue.take(atMost: 3) == [0, 1, 2])
        try queue.append(10)
        #expect(queue.take(atMost: 1) == [3])
        #expect(queue.take(atMost: 7) == Array(4...10))
        try queue.append(11)
        #expect(queue.take(atMost: 7) == [11])
    }

    @Test("refuses a job more than may wait, and takes one again when there is room")
    func limit() throws {
        let queue = JobQueue<Int>(jobsMax: 2)
        try queue.append(1)
        try queue.append(2)
        #expect(throws: StorageError.overloaded) { try queue.append(3) }
        #expect(queue.take(atMost: 1) == [1])
        try queue.append(3)
        #expect(throws: StorageError.overloaded) { try queue.append(4) }
        #expect(queue.take(atMost: 9) == [2, 3])
    }

    @Test("gives what it has when closed, then nothing")
    func closed() throws {
        let queue = JobQueue<Int>(jobsMax: 2)
        try queue.append(1)
        #expect(!queue.isClosed)
        queue.close()
        #expect(queue.isClosed)
        #expect(throws: StorageError.closed) { try queue.append(2) }
        #expect(queue.take(atMost: 5) == [1])
        #expect(queue.take(atMost: 5) == [])
    }
}
