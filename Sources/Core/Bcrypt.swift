// SPDX-License-Identifier: MIT
//
// Password hashes as Kinto stores them: bcrypt, by the system's libcrypt (libxcrypt). One takes a
// quarter of a second of a processor on purpose, so callers see to where and how many run.

private import CCrypt

/// Hashes passwords and compares them with hashes.
package enum Bcrypt {
    /// Whether bcrypt tells this password from every other: it looks at 72 bytes and ends at a NUL,
    /// so that a longer one, or one with a NUL, would be as good as others. An empty one is none.
    package static func canHash(_ password: [UInt8]) -> Bool {
        !password.isEmpty && password.count <= Limits.passwordBytesMax && !password.contains(0)
    }

    /// The hash of a password, `$2b$…`.
    ///
    /// - Parameters:
    ///   - cost: The binary logarithm of the number of rounds, 4 to 31.
    ///   - salt: 16 bytes that nobody can guess.
    /// - Returns: Nil if the password cannot be hashed.
    /// - Complexity: O(2^`cost`).
    package static func hash(_ password: [UInt8], cost: Int, salt: [UInt8]) -> String? {
        precondition((4...31).contains(cost) && salt.count == 16)
        guard canHash(password) else { return nil }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let made = salt.withUnsafeBytes { bytes in
            crypt_gensalt_rn(
                "$2b$", UInt(cost), bytes.bindMemory(to: CChar.self).baseAddress,
                Int32(salt.count), &setting, Int32(setting.count))
        }
        guard made != nil else { return nil }
        return crypt(password, setting: setting)
    }

    /// Whether `hash` is one of `password`; not if it is no bcrypt hash, or an unbearable one.
    ///
    /// - Complexity: O(2^cost of the hash).
    package static func verify(_ password: [UInt8], hash: String) -> Bool {
        guard canHash(password), isHash(hash) else { return false }
        guard let computed = crypt(password, setting: Array(hash.utf8CString)) else {
            return false
        }
        return Digest.areEqual(Array(computed.utf8), Array(hash.utf8))
    }

    /// Whether a text has the form of a bcrypt hash of a cost that a server can bear: `$2b$12$`,
    /// or `2a` or `2y`, and 53 characters of bcrypt's own alphabet.
    package static func isHash(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, ["$2a$", "$2b$", "$2y$"].contains(where: text.hasPrefix),
            bytes[6] == UInt8(ascii: "$"),
            let cost = DecimalNumber.parse(bytes[4..<6], digitsMax: 2),
            (4...Int64(Limits.passwordHashCostMax)).contains(cost)
        else { return false }
        return bytes[7...].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: ".")...UInt8(ascii: "9"):
                true
            case _: false
            }
        }
    }

    private static func crypt(_ password: [UInt8], setting: [CChar]) -> String? {
        let size = Int(hg_crypt_data_bytes)
        let data = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        data.initializeMemory(as: UInt8.self, repeating: 0)
        defer { data.deallocate() }
        let phrase = password.map { CChar(bitPattern: $0) } + [0]
        guard let output = crypt_rn(phrase, setting, data.baseAddress, Int32(size)) else {
            return nil
        }
        return String(cString: output)
    }
}
