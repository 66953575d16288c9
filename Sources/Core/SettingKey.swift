// SPDX-License-Identifier: MIT

/// The spellings of one setting's name: in the file, in the table and in the environment.
package enum SettingKey {
    private static let prefix = "kinto."

    /// The name without the prefix `kinto.`, under which both spellings are the same.
    ///
    /// - Complexity: O(length of `name`).
    package static func canonical(_ name: String) -> String {
        name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    }

    /// The name to show and to look up: with the prefix, unless it has one of its own.
    ///
    /// - Complexity: O(length of `key`).
    package static func full(_ key: String) -> String {
        key.hasPrefix("heliograph.") || key.hasPrefix("multiauth.") ? key : prefix + key
    }

    /// The environment variables that set the setting of that key, the strongest first.
    ///
    /// As in Kinto's documentation ("Environment variables"): the name capitalised, with `_` for
    /// every other sign. Kinto's code reads `READONLY` as well as `KINTO_READONLY`; names without
    /// the prefix are too likely to be meant for something else, and are read only where the
    /// setting's own name lacks the prefix (`MULTIAUTH_POLICIES`).
    ///
    /// - Complexity: O(length of `key`).
    package static func environmentNames(_ key: String) -> [String] {
        let plain = variable(key)
        if key.hasPrefix("heliograph.") { return [plain] }
        if key.hasPrefix("multiauth.") { return ["KINTO_" + plain, plain] }
        return ["KINTO_" + plain]
    }

    private static func variable(_ key: String) -> String {
        String(
            decoding: key.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    byte
                default: UInt8(ascii: "_")
                }
            }, as: UTF8.self)
    }
}
