// SPDX-License-Identifier: MIT

import Testing

@testable import Core

@Suite("A password's hash")
struct BcryptTests {
    private static let salt = Array(UInt8(0)..<16)

    @Test(
        "is verified whoever made it",
        arguments: [
            // Made by Python's bcrypt 5.0, which the reference uses.
            ("secret", "$2b$04$Thzc6kMtyYh9uqyNPNz6BusRYQFH.I8nFaLvy7A2.6YHf1sw2meq."),
            ("pässwörd ☃", "$2b$04$lwp6attQUP31j6mijt0wGOnQraVszt4YlxLmUVa4DJPoHfjJOW36S"),
            (
                String(repeating: "x", count: 72),
                "$2b$04$pNnbzxj/FC5XEljrBxbZIeWu4fTxODrFVOhQs9fYzSX4AfOxx3sN."
            ),
            ("secret", "$2b$12$5beiYvPcGvrPW3a.E9/MXOwEdTM.vI4j5RSaPPQ76KyTIl/S60GMG"),
            // The vectors of OpenBSD's and of Openwall's implementation.
            ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U*", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ])
    func vectors(password: String, hash: String) {
        #expect(Bcrypt.verify(Array(password.utf8), hash: hash))
        #expect(!Bcrypt.verify(Array((password.dropLast() + "!").utf8), hash: hash))
    }

    @Test("is made with its cost and salt, and is verified")
    func roundTrip() throws {
        let password = Array("correct horse".utf8)
        let hash = try #require(Bcrypt.hash(password, cost: 4, salt: BcryptTests.salt))
        #expect(hash.hasPrefix("$2b$04$") && Bcrypt.isHash(hash))
        #expect(Bcrypt.verify(password, hash: hash))
        #expect(Bcrypt.hash(password, cost: 4, salt: BcryptTests.salt) == hash)
        let other = BcryptTests.salt.reversed() as [UInt8]
        #expect(Bcrypt.hash(password, cost: 4, salt: other) != hash)
    }

    @Test("is only made of passwords that bcrypt tells from all others")
    func passwords() {
        let longest = [UInt8](repeating: 120, count: Limits.passwordBytesMax)
        #expect(Bcrypt.hash(longest, cost: 4, salt: BcryptTests.salt) != nil)
        for password in [longest + [120], [97, 0, 98], []] {
            #expect(Bcrypt.hash(password, cost: 4, salt: BcryptTests.salt) == nil)
        }
        // The same hash by bcrypt's lights, but not the password.
        let hash = "$2b$04$pNnbzxj/FC5XEljrBxbZIeWu4fTxODrFVOhQs9fYzSX4AfOxx3sN."
        #expect(Bcrypt.verify(longest, hash: hash))
        #expect(!Bcrypt.verify(longest + [120], hash: hash))
    }

    @Test(
        "is no other text",
        arguments: [
            "", "secret", "$2b$12$masked", "$1$abcdefgh$1234567890123456789012",
            "$2x$04$Thzc6kMtyYh9uqyNPNz6BusRYQFH.I8nFaLvy7A2.6YHf1sw2meq.",
            "$2b$03$Thzc6kMtyYh9uqyNPNz6BusRYQFH.I8nFaLvy7A2.6YHf1sw2meq.",
            "$2b$-4$Thzc6kMtyYh9uqyNPNz6BusRYQFH.I8nFaLvy7A2.6YHf1sw2meq.",
            "$2b$04$Thzc6kMtyYh9uqyNPNz6BusRYQFH:I8nFaLvy7A2.6YHf1sw2meq.",
            "$2b$04$Thzc6kMtyYh9uqyNPNz6BusRYQFH.I8nFaLvy7A2.6YHf1sw2meq",
        ])
    func malformed(_ text: String) {
        #expect(!Bcrypt.isHash(text))
        #expect(!Bcrypt.verify(Array("secret".utf8), hash: text))
    }

    @Test("is not computed if it would take a server for minutes")
    func cost() {
        let rest = "$Thzc6kMtyYh9uqyNPNz6BusRYQFH.I8nFaLvy7A2.6YHf1sw2meq."
        #expect(Bcrypt.isHash("$2b$\(Limits.passwordHashCostMax)\(rest)"))
        #expect(!Bcrypt.isHash("$2b$\(Limits.passwordHashCostMax + 1)\(rest)"))
        #expect(Limits.passwordHashCost <= Limits.passwordHashCostMax)
    }
}
