// SPDX-License-Identifier: MIT

import CLinux
import Core
import Synchronization
import Testing

@testable import Reactor

@Suite("A mailbox")
struct MailboxTests {
    @Test("runs every job of many threads, each thread's in its order")
    func many() throws {
        let test = try TestLoop()
        let loop = test.loop
        let seen = Mutex<[[Int]]>(Array(repeating: [], count: 4))
        let refused = Atomic(0)
        let threads = try (0..<4).map { thread in
            try LoopThread(name: "poster") {
                for number in 0..<5_000 {
                    let posted = loop.post { seen.withLock { $0[thread].append(number) } }
                    if !posted { refused.add(1, ordering: .relaxed) }
                }
            }
        }
        for thread in threads { thread.join() }
        test.onLoop { _ in }
        #expect(refused.load(ordering: .relaxed) == 0)
        #expect(seen.withLock { $0 } == Array(repeating: Array(0..<5_000), count: 4))
    }

    @Test("takes as many jobs as it may, and not one more")
    func full() throws {
        let mailbox = try Mailbox(jobsMax: 3)
        #expect(mailbox.post {})
        #expect(mailbox.post {})
        #expect(mailbox.post {})
        #expect(!mailbox.post {})
        #expect(mailbox.take().count == 3)
        #expect(mailbox.post {})
    }

    @Test("refuses jobs when it is closed, and gives out those that wait")
    func closed() throws {
        let mailbox = try Mailbox(jobsMax: 3)
        #expect(mailbox.post {})
        #expect(mailbox.close().count == 1)
        #expect(!mailbox.post {})
    }

    @Test("wakes a loop that sleeps, once for several wakes")
    func wake() throws {
        let log = EventLog()
        let test = try TestLoop(Script(woken: { _ in log.append(.note("woken")) }))
        test.loop.wake()
        #expect(log.wait(for: .note("woken")))
        let before = log.all.count
        let during = test.onLoop { loop in
            for _ in 0..<100 { loop.wake() }
            return log.all.count
        }
        #expect(during == before)
        test.onLoop { _ in }
        #expect(log.wait { $0.count >= before + 2 })
        #expect(log.all.count <= before + 3)
    }

    @Test("can be emptied within a turn")
    func drain() throws {
        let test = try TestLoop()
        let log = test.log
        test.onLoop { loop in
            _ = loop.post { log.append(.note("posted")) }
            loop.drainMailbox()
            log.append(.note("drained"))
        }
        #expect(log.all == [.note("posted"), .note("drained")])
    }
}
