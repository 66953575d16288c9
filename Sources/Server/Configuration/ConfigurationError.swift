// SPDX-License-Identifier: MIT

/// Why the configuration cannot be used. The program says so in one line and exits with 78.
package enum ConfigurationError: Error, Equatable {
    /// The file cannot be read; the reason is the operating system's.
    case unreadable(path: String, reason: String)
    /// A line of the file has no meaning.
    case syntax(FilePlace, reason: String)
    /// A name under `heliograph.`, or nearly the name of one of Kinto's, that no setting has.
    case unknownSetting(name: String, origin: SettingOrigin, suggestion: String?)
    /// One setting has two different values: with and without the prefix `kinto.`.
    case conflict(name: String, first: SettingOrigin, second: SettingOrigin)
    /// A value that its setting does not take. The value is masked if it may be a secret.
    case invalidValue(name: String, value: String, origin: SettingOrigin, expected: String)
    /// Something Kinto has and this server lacks, that must not be ignored in silence.
    case unsupported(name: String, value: String, origin: SettingOrigin, reason: String)
}

extension ConfigurationError: CustomStringConvertible {
    /// One line for the operator: where, what, and what would be right.
    package var description: String {
        let text =
            switch self {
            case .unreadable(let path, let reason): "\(path): \(reason)"
            case .syntax(let place, let reason): "\(place): \(reason)"
            case .unknownSetting(let name, let origin, let suggestion):
                "\(origin): \(name): no such setting"
                    + (suggestion.map { "; did you mean \($0)?" } ?? "")
            case .conflict(let name, let first, let second):
                "\(second): \(name): another value is set at \(first); keep one of them"
            case .invalidValue(let name, let value, let origin, let expected):
                "\(origin): \(name) = \(value): expected \(expected)"
            case .unsupported(let name, let value, let origin, let reason):
                "\(origin): \(name) = \(value): \(reason)"
            }
        return PlainLine.of(text)
    }
}

/// Text made safe to print as part of one line of a terminal.
enum PlainLine {
    /// Returns `text` with line breaks turned into spaces and other control characters left out.
    ///
    /// - Complexity: O(length of `text`).
    static func of(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" {
                result.append(" ")
            } else if !scalar.isUnprintable {
                result.append(scalar)
            }
        }
        return String(result)
    }
}

extension Unicode.Scalar {
    /// Whether a terminal or a reader of logs could take this for an end of line, a command or a
    /// change of the reading direction rather than for a character.
    var isUnprintable: Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
        default: false
        }
    }
}
