// SPDX-License-Identifier: MIT
//
// Who may read and write broadcasts over Megaphone's endpoints. Only digests of the tokens are
// kept, so that they cannot be shown, and comparing takes a time that tells nothing.

import Core

/// The tokens of those who read broadcasts, and of those who announce them.
package struct BroadcastTokens: Sendable {
    /// Whose token it is.
    enum Holder: Equatable {
        /// One who may read all broadcasts.
        case reader
        /// One who may announce broadcasts under that name.
        case broadcaster(String)
    }

    private var holders: [(digest: [UInt8], holder: Holder)] = []

    /// Makes a set without tokens.
    init() {}

    /// Whether there are none.
    var isEmpty: Bool { holders.isEmpty }

    /// Adds the tokens of readers.
    ///
    /// - Throws: `SettingsError` if a token is somebody's already.
    mutating func addReaders(_ value: SettingValue) throws(SettingsError) {
        for word in value.words { try add(word[...], .reader, value) }
    }

    /// Adds the tokens of broadcasters, each behind the broadcaster's name and a colon.
    ///
    /// - Throws: `SettingsError` if there is no name, or a token is somebody's already.
    mutating func addBroadcasters(_ value: SettingValue) throws(SettingsError) {
        for word in value.words {
            let parts = word.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, BroadcastID.isBroadcaster(parts[0]) else {
                throw value.error(
                    expected: "names and tokens such as remote-settings:TOKEN, names of letters, "
                        + "digits, _ and -")
            }
            try add(parts[1], .broadcaster(String(parts[0])), value)
        }
    }

    /// Whose token stands in a value of `Authorization`; nil if it is nobody's.
    ///
    /// - Complexity: O(number of tokens), whichever it is.
    func holder(_ authorization: String) -> Holder? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let digest = BroadcastTokens.digest(parts[1])
        var found: Holder?
        for entry in holders where Digest.areEqual(entry.digest, digest) { found = entry.holder }
        return found
    }

    private mutating func add(
        _ token: Substring, _ holder: Holder, _ value: SettingValue
    ) throws(SettingsError) {
        let digest = BroadcastTokens.digest(token)
        guard !holders.contains(where: { $0.digest == digest }) else {
            throw value.error(expected: "tokens that are nobody else's")
        }
        holders.append((digest, holder))
    }

    private static func digest(_ token: Substring) -> [UInt8] {
        Digest.hmacSHA256(key: [], message: Array(token.utf8))
    }
}

/// The two parts of a broadcast's id.
enum BroadcastID {
    /// Whether a text can be the name of a broadcaster.
    static func isBroadcaster(_ text: some StringProtocol) -> Bool {
        isName(text, bytesMax: Limits.broadcasterBytesMax)
    }

    /// Whether a text can be the name of a channel.
    static func isChannel(_ text: some StringProtocol) -> Bool {
        isName(text, bytesMax: Limits.broadcastChannelBytesMax)
    }

    private static func isName(_ text: some StringProtocol, bytesMax: Int) -> Bool {
        (1...bytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                case _: false
                }
            }
    }
}
