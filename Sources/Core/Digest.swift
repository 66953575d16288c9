// SPDX-License-Identifier: MIT

private import COpenSSL

/// A key of HMAC-SHA-256 (RFC 2104), prepared once for any number of messages: to prepare one takes
/// libcrypto longer than a short message.
///
/// `@unchecked Sendable`: the context is only read once it is made; each message has a copy.
package final class HMACKey: @unchecked Sendable, CustomReflectable {
    private let context: OpaquePointer

    /// The empty key.
    package static let empty = HMACKey([])

    /// Prepares a key, which may be empty.
    package init(_ key: [UInt8]) {
        // An empty key must still be a pointer: a null key means "the key of the last call".
        guard let context = hg_hmac_sha256(key.isEmpty ? [0] : key, key.count) else {
            preconditionFailure("libcrypto has no HMAC-SHA-256")
        }
        self.context = context
    }

    deinit {
        EVP_MAC_CTX_free(context)
    }

    /// What debuggers and `dump` show: nothing of the key.
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The 32 bytes of the HMAC of `message`.
    ///
    /// - Complexity: O(*n*).
    package func code(of message: [UInt8]) -> [UInt8] {
        guard let copy = EVP_MAC_CTX_dup(context) else { preconditionFailure("out of memory") }
        defer { EVP_MAC_CTX_free(copy) }
        var output = [UInt8](repeating: 0, count: 32)
        var length = 0
        let isDone =
            EVP_MAC_update(copy, message, message.count) == 1
            && EVP_MAC_final(copy, &output, &length, output.count) == 1
        precondition(isDone && length == output.count, "libcrypto failed")
        return output
    }
}

/// Message digests and random bytes, by OpenSSL's libcrypto.
package enum Digest {
    /// The 16 bytes of the MD5 of `bytes`; for entry ids only, which kinto-changes defines so.
    ///
    /// - Complexity: O(*n*).
    package static func md5(_ bytes: [UInt8]) -> [UInt8] { compute(bytes, md5Algorithm) }

    /// The 20 bytes of the SHA-1 of `bytes`; for the WebSocket handshake (RFC 6455, 4.2.2).
    ///
    /// - Complexity: O(*n*).
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] { compute(bytes, sha1Algorithm) }

    /// The 32 bytes of the HMAC-SHA-256 of `message` under `key` (RFC 2104), which may be empty.
    ///
    /// - Complexity: O(*n*).
    package static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        HMACKey(key).code(of: message)
    }

    /// `count` bytes from libcrypto's generator, fit for secrets.
    ///
    /// - Complexity: O(`count`).
    package static func randomBytes(_ count: Int) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        precondition(RAND_bytes(&output, Int32(count)) == 1, "libcrypto has no randomness")
        return output
    }

    /// Whether two secrets are equal, found out in a time that does not tell where they differ.
    ///
    /// - Complexity: O(*n*).
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Lower-case hexadecimal digits of `bytes`.
    ///
    /// - Complexity: O(*n*).
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (place, byte) in bytes.enumerated() {
                text.initializeElement(at: place * 2, to: digit(byte >> 4))
                text.initializeElement(at: place * 2 + 1, to: digit(byte & 15))
            }
            return bytes.count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The first 16 of `bytes` in the form of a UUID (RFC 9562, section 4): hexadecimal digits in
    /// groups.
    package static func uuid(_ bytes: [UInt8]) -> String {
        precondition(bytes.count >= 16)
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for (number, byte) in bytes.prefix(16).enumerated() {
                // Groups of 4, 2, 2, 2 and 6 bytes.
                if number == 4 || number == 6 || number == 8 || number == 10 {
                    text.initializeElement(at: place, to: UInt8(ascii: "-"))
                    place += 1
                }
                text.initializeElement(at: place, to: digit(byte >> 4))
                text.initializeElement(at: place + 1, to: digit(byte & 15))
                place += 2
            }
            return place
        }
    }

    // Looked up once: to have libcrypto do it each time takes it as long as a short digest.
    nonisolated(unsafe) private static let md5Algorithm = EVP_MD_fetch(nil, "MD5", nil)
    nonisolated(unsafe) private static let sha1Algorithm = EVP_MD_fetch(nil, "SHA1", nil)

    private static func compute(_ bytes: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let done = EVP_Digest(bytes, bytes.count, &output, &length, algorithm, nil)
        precondition(done == 1, "libcrypto lacks a digest")
        output.removeLast(output.count - Int(length))
        return output
    }
}
