// SPDX-License-Identifier: MIT

/// A setting that has a value it cannot have.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// The key, as written.
    package let key: String
    /// The value, as written.
    package let value: String
    /// What could stand there.
    package let expected: String

    /// Makes the error about one setting.
    package init(key: String, value: String, expected: String) {
        self.key = key
        self.value = value
        self.expected = expected
    }

    package var description: String { "\(key) = \(value): expected \(expected)" }
}

/// The value of one setting, as written, and the types it can be read as.
package struct SettingValue: Sendable {
    /// The key, as written.
    package let key: String
    /// The value, as written.
    package let value: String

    /// Makes the value of a key.
    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// The key without the prefix `kinto.`, which names what stands for the parts of a pattern.
    ///
    /// - Complexity: O(length of the key).
    package var name: String { SettingKey.canonical(key) }

    /// The text without white space at its ends; nil if nothing is left.
    ///
    /// - Complexity: O(length of the value).
    package var text: String? {
        let text = value.trimmingWhiteSpace()
        return text.isEmpty ? nil : text
    }

    /// The words of a list, separated by white space or commas.
    ///
    /// - Complexity: O(length of the value).
    package var words: [String] {
        value.split { $0 == "," || $0.isWhitespace }.map(String.init)
    }

    /// Reads a truth value in one of Kinto's spellings; nothing is false, as in Kinto.
    ///
    /// - Throws: `SettingsError` for any other text.
    package func bool() throws(SettingsError) -> Bool {
        switch (text ?? "false").lowercased() {
        case "true", "t", "yes", "y", "on", "1": return true
        case "false", "f", "no", "n", "off", "0": return false
        case _: throw error(expected: "true or false")
        }
    }

    /// Reads a whole number within bounds.
    ///
    /// - Parameter expected: What the error tells; made of the bounds if nil.
    /// - Throws: `SettingsError` for anything else, also for nothing.
    package func integer(
        in range: ClosedRange<Int>, expected: String? = nil
    ) throws(SettingsError) -> Int {
        guard let text, let number = DecimalNumber.parse(text.utf8, digitsMax: 18),
            range.contains(Int(number))
        else { throw error(expected: expected ?? Self.bounds(range)) }
        return Int(number)
    }

    /// The error that the value is not what could stand there.
    package func error(expected: String) -> SettingsError {
        SettingsError(key: key, value: value, expected: expected)
    }

    private static func bounds(_ range: ClosedRange<Int>) -> String {
        "a whole number, \(range.lowerBound) to \(range.upperBound)"
    }
}

extension String {
    /// The text without white space and line ends at its ends.
    ///
    /// - Complexity: O(*n*).
    package func trimmingWhiteSpace() -> String {
        var slice = self[...]
        while let first = slice.first, first.isWhitespace { slice = slice.dropFirst() }
        while let last = slice.last, last.isWhitespace { slice = slice.dropLast() }
        return String(slice)
    }
}
