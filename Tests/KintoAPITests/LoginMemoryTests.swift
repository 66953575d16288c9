// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import KintoAPI

@Suite("What is remembered of logins")
struct LoginMemoryTests {
    private static let hash = "$2b$04$Thzc6kMtyYh9uqyNPNz6BusRYQFH.I8nFaLvy7A2.6YHf1sw2meq."

    private func memory(validitySeconds: Int = 30) -> LoginMemory {
        LoginMemory(key: Array(0..<32), validitySeconds: validitySeconds)
    }

    private func time(_ seconds: Double) -> Timestamp {
        Timestamp(milliseconds: 1_000_000 + Int64(seconds * 1_000))
    }

    private func fingerprint(
        _ memory: LoginMemory, _ password: String, hash: String = hash
    ) -> LoginMemory.Fingerprint {
        memory.fingerprint(Login(name: "mat", password: password), hash: hash)
    }

    @Test("is a verified login until it was not used for a while")
    func validity() {
        var memory = memory()
        let print = fingerprint(memory, "secret")
        #expect(memory.knowledge(of: print, account: "mat", now: time(0)) == .unknown)
        memory.note(print, account: "mat", isVerified: true, now: time(0))
        #expect(memory.knowledge(of: print, account: "mat", now: time(29.9)) == .verified)
        #expect(memory.knowledge(of: print, account: "mat", now: time(59.8)) == .verified)
        #expect(memory.knowledge(of: print, account: "mat", now: time(89.8)) == .unknown)
    }

    @Test("is nothing of a verified login if that is what the operator wants")
    func noValidity() {
        var memory = memory(validitySeconds: 0)
        let print = fingerprint(memory, "secret")
        memory.note(print, account: "mat", isVerified: true, now: time(0))
        #expect(memory.knowledge(of: print, account: "mat", now: time(0)) == .unknown)
    }

    @Test("follows another validity at once, and forgets at most what is older than it")
    func otherValidity() {
        var memory = memory()
        let print = fingerprint(memory, "secret")
        memory.note(print, account: "mat", isVerified: true, now: time(0))
        memory.setValidity(seconds: 10, now: time(1))
        var longer = memory
        #expect(memory.knowledge(of: print, account: "mat", now: time(11)) == .unknown)
        #expect(longer.knowledge(of: print, account: "mat", now: time(10.9)) == .verified)
        longer.setValidity(seconds: 60, now: time(11))
        #expect(longer.knowledge(of: print, account: "mat", now: time(20)) == .verified)
        #expect(longer.knowledge(of: print, account: "mat", now: time(79)) == .verified)
        longer.setValidity(seconds: 0, now: time(80))
        #expect(longer.knowledge(of: print, account: "mat", now: time(80)) == .unknown)
    }

    @Test("tells logins apart by name, password and hash")
    func fingerprints() {
        let memory = memory()
        let logins = [("a", "b"), ("a", "bc"), ("ab", "c"), ("b", "a")]
        let prints = logins.flatMap { name, password in
            [LoginMemoryTests.hash, "other"].map {
                memory.fingerprint(Login(name: name, password: password), hash: $0)
            }
        }
        #expect(Set(prints).count == prints.count)
        let other = LoginMemory(key: Array(1..<33), validitySeconds: 30)
        #expect(fingerprint(other, "secret") != fingerprint(memory, "secret"))
    }

    @Test("lets so many wrong passwords be tried in a while, and a wrong one again for nothing")
    func lockOut() {
        var memory = memory()
        for number in 0..<Limits.failedLoginsMax {
            let wrong = fingerprint(memory, "wrong \(number)")
            #expect(memory.knowledge(of: wrong, account: "mat", now: time(1)) == .unknown)
            memory.note(wrong, account: "mat", isVerified: false, now: time(1))
            #expect(memory.knowledge(of: wrong, account: "mat", now: time(1)) == .refused)
        }
        let right = fingerprint(memory, "secret")
        let seconds = Limits.failedLoginSecondsMax
        #expect(
            memory.knowledge(of: right, account: "mat", now: time(1))
                == .lockedOut(seconds: seconds))
        #expect(
            memory.knowledge(of: right, account: "mat", now: time(1 + Double(seconds) - 0.5))
                == .lockedOut(seconds: 1))
        let old = fingerprint(memory, "wrong 0")
        #expect(memory.knowledge(of: old, account: "mat", now: time(2)) == .refused)
        #expect(memory.knowledge(of: right, account: "alice", now: time(1)) == .unknown)
        #expect(
            memory.knowledge(of: right, account: "mat", now: time(1 + Double(seconds)))
                == .unknown)
    }

    @Test("keeps a session alive while others guess")
    func session() {
        var memory = memory()
        let right = fingerprint(memory, "secret")
        memory.note(right, account: "mat", isVerified: true, now: time(0))
        for number in 0..<Limits.failedLoginsMax {
            let wrong = fingerprint(memory, "wrong \(number)")
            memory.note(wrong, account: "mat", isVerified: false, now: time(1))
        }
        #expect(memory.knowledge(of: right, account: "mat", now: time(2)) == .verified)
    }

    @Test("counts passwords that are being looked at")
    func pending() {
        var memory = memory()
        for _ in 0..<Limits.failedLoginsMax { memory.begin("mat") }
        let print = fingerprint(memory, "secret")
        #expect(
            memory.knowledge(of: print, account: "mat", now: time(0)) == .lockedOut(seconds: 1))
        memory.end("mat")
        #expect(memory.knowledge(of: print, account: "mat", now: time(0)) == .unknown)
    }

    @Test("is bounded: what is over makes room")
    func bounds() {
        var memory = memory()
        let first = fingerprint(memory, "0")
        for number in 0..<Limits.rememberedLoginsMax {
            let name = "user\(number)"
            memory.note(
                fingerprint(memory, "\(number)"), account: name, isVerified: true, now: time(0))
            memory.note(
                fingerprint(memory, "w\(number)"), account: name, isVerified: false, now: time(0))
        }
        #expect(memory.knowledge(of: first, account: "user0", now: time(1)) == .verified)
        let failed = fingerprint(memory, "w0")
        #expect(memory.knowledge(of: failed, account: "user0", now: time(1)) == .refused)
        let one = fingerprint(memory, "one more")
        memory.note(one, account: "more", isVerified: true, now: time(90))
        memory.note(
            fingerprint(memory, "wrong"), account: "more", isVerified: false, now: time(90))
        #expect(memory.knowledge(of: one, account: "more", now: time(90)) == .verified)
        #expect(memory.knowledge(of: failed, account: "user0", now: time(90)) == .unknown)
    }
}
