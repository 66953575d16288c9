// SPDX-License-Identifier: MIT

import Core

/// Reads typed values from the keys and values of an ini file.
struct SettingsReader {
    private var values: [String: (key: String, value: String)] = [:]

    /// Makes a reader. Keys count with and without the `kinto.` prefix; of two spellings of one key
    /// the prefixed one stands.
    init(_ values: [String: String]) {
        for (key, value) in values {
            let isPrefixed = key.utf8.starts(with: "kinto.".utf8)
            let name = isPrefixed ? String(key.dropFirst("kinto.".count)) : key
            if isPrefixed || self.values[name] == nil { self.values[name] = (key, value) }
        }
    }

    /// All names and values, by name.
    var names: [String] { values.keys.sorted() }

    /// A text without white space at its ends; nil if it is not set or empty.
    func text(_ name: String) -> String? {
        guard let value = values[name]?.value.trimmingWhiteSpace(), !value.isEmpty else {
            return nil
        }
        return value
    }

    /// A truth value in one of Kinto's spellings.
    func bool(_ name: String, _ fallback: Bool) throws(SettingsError) -> Bool {
        guard let value = text(name) else { return fallback }
        switch value.lowercased() {
        case "true", "t", "yes", "y", "on", "1": return true
        case "false", "f", "no", "n", "off", "0": return false
        case _: throw error(name, "true or false")
        }
    }

    /// A whole number within bounds; nil if it is not set.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        guard let value = text(name) else { return nil }
        guard let number = DecimalNumber.parse(value.utf8, digitsMax: 18),
            range.contains(Int(number))
        else {
            throw error(
                name,
                range.lowerBound < 0
                    ? "a whole number" : "a whole number, \(range.lowerBound) at least")
        }
        return Int(number)
    }

    /// The words of a list, separated by white space or commas; nil if it is not set.
    func list(_ name: String) -> [String]? {
        values[name].map { entry in
            entry.value.split { $0 == "," || $0.isWhitespace }.map(String.init)
        }
    }

    /// The error about the value of `name`.
    func error(_ name: String, _ expected: String) -> SettingsError {
        let entry = values[name]
        return SettingsError(
            key: entry?.key ?? name, value: entry?.value ?? "", expected: expected)
    }
}

extension String {
    /// The text without white space and line ends at its ends.
    ///
    /// - Complexity: O(*n*).
    func trimmingWhiteSpace() -> String {
        var slice = self[...]
        while let first = slice.first, first.isWhitespace { slice = slice.dropFirst() }
        while let last = slice.last, last.isWhitespace { slice = slice.dropLast() }
        return String(slice)
    }
}
