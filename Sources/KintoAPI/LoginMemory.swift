// SPDX-License-Identifier: MIT
//
// What is remembered of logins, so that a session costs one hash and not one per request, and so
// that guessing passwords is slow.
//
// A login is remembered by a fingerprint: an HMAC, under a key that only this process has, of the
// name, the password and the hash that it was compared with. So neither passwords nor anything that
// could be searched for them is kept; and a login of an account that has changed, or is gone, or
// came back, is another one at once, whatever wrote the account.
//
// Invariants:
// 1. A verified login stays so whatever else is tried: guessing ends nobody's session.
// 2. Of one account, at most `Limits.failedLoginsMax` different wrong passwords are looked at,
//    being looked at included, before `Limits.failedLoginSecondsMax` have passed. The same wrong
//    one again is refused without being counted or looked at, so a program with an old password
//    locks out nobody.

import Core

/// The logins that were verified or refused lately.
struct LoginMemory {
    /// A login that was compared with a hash.
    struct Fingerprint: Hashable {
        fileprivate let bytes: [UInt8]
    }

    /// What is known of a login.
    enum Knowledge: Equatable {
        /// The password is right.
        case verified
        /// The password is wrong.
        case refused
        /// Not known, and not to be found out for so many seconds.
        case lockedOut(seconds: Int)
        /// Not known.
        case unknown
    }

    private struct Failures {
        let end: Timestamp
        var logins: Set<Fingerprint> = []
    }

    private let key: [UInt8]
    private var validityMilliseconds: Int64
    /// When logins that were verified have to be looked at again.
    private var verified: [Fingerprint: Timestamp] = [:]
    /// Wrong passwords by account.
    private var failures: [String: Failures] = [:]
    /// How many passwords are being looked at, by account.
    private var pending: [String: Int] = [:]

    /// Makes a memory without anything in it.
    ///
    /// - Parameters:
    ///   - key: Random bytes that nobody else has.
    ///   - validitySeconds: How long a verified login is good after it was last used.
    init(key: [UInt8], validitySeconds: Int) {
        self.key = key
        validityMilliseconds = Int64(validitySeconds) * 1_000
    }

    /// Sets how long a verified login is good after it was last used, those that are remembered
    /// included: none of them lasts longer than if it were used now.
    ///
    /// - Complexity: O(number of verified logins).
    mutating func setValidity(seconds: Int, now: Timestamp) {
        validityMilliseconds = Int64(seconds) * 1_000
        let latest = later(now, validityMilliseconds)
        verified = verified.mapValues { min($0, latest) }
    }

    /// The fingerprint of a login and the hash it is compared with.
    ///
    /// - Complexity: O(length of the login).
    func fingerprint(_ login: Login, hash: String) -> Fingerprint {
        // No byte of UTF-8 is FF, so no two logins have the same message.
        var message = Array(login.name.utf8) + [0xFF]
        message += Array(login.password.utf8) + [0xFF]
        message += Array(hash.utf8)
        return Fingerprint(bytes: Digest.hmacSHA256(key: key, message: message))
    }

    /// What is known of a login to an account; using a verified one makes it last.
    mutating func knowledge(
        of fingerprint: Fingerprint, account: String, now: Timestamp
    ) -> Knowledge {
        if let end = verified[fingerprint], end > now {
            verified[fingerprint] = later(now, validityMilliseconds)
            return .verified
        }
        if let known = failures[account], known.end <= now { failures[account] = nil }
        let known = failures[account]
        if known?.logins.contains(fingerprint) ?? false { return .refused }
        let tried = (known?.logins.count ?? 0) + (pending[account] ?? 0)
        guard tried >= Limits.failedLoginsMax else { return .unknown }
        let left = known.map { $0.end.milliseconds - now.milliseconds } ?? 0
        return .lockedOut(seconds: max(1, Int((left + 999) / 1_000)))
    }

    /// Notes that a password of an account is being looked at.
    mutating func begin(_ account: String) { pending[account, default: 0] += 1 }

    /// Notes that a password of an account is not looked at any more.
    mutating func end(_ account: String) {
        let count = (pending[account] ?? 0) - 1
        pending[account] = count > 0 ? count : nil
    }

    /// Notes what came out.
    ///
    /// - Complexity: O(1), but O(*n*) when there are too many and the oldest have to go.
    mutating func note(
        _ fingerprint: Fingerprint, account: String, isVerified: Bool, now: Timestamp
    ) {
        if isVerified {
            guard validityMilliseconds > 0 else { return }
            if verified.count >= Limits.rememberedLoginsMax {
                verified = verified.filter { $0.value > now }
                if verified.count >= Limits.rememberedLoginsMax { verified = [:] }
            }
            verified[fingerprint] = later(now, validityMilliseconds)
            return
        }
        if failures[account] == nil {
            if failures.count >= Limits.rememberedLoginsMax {
                failures = failures.filter { $0.value.end > now }
                if failures.count >= Limits.rememberedLoginsMax { failures = [:] }
            }
            let end = later(now, Int64(Limits.failedLoginSecondsMax) * 1_000)
            failures[account] = Failures(end: end)
        }
        failures[account]?.logins.insert(fingerprint)
    }

    private func later(_ now: Timestamp, _ milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: now.milliseconds + milliseconds)
    }
}
