// SPDX-License-Identifier: MIT

import Core

/// One line of the log in logfmt: `time=… level=info msg=ready address=http://127.0.0.1:8888/v1`.
///
/// Whatever a value holds, the line stays one line and its keys stay those of the program: values
/// that are not plain are quoted, and quotes, backslashes and all that a terminal or a log reader
/// might obey are escaped. A line never exceeds `Limits.logLineBytesMax`, so that one write to a
/// pipe is one line; values that do not fit are left out and counted as `omitted`.
enum LogLine {
    /// The bytes of a line with its end.
    ///
    /// - Parameter milliseconds: Since 1970, in UTC.
    /// - Complexity: O(length of the line).
    static func bytes(milliseconds: Int64, level: LogLevel, message: String, fields: LogFields)
        -> [UInt8]
    {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line += "time=".utf8
        appendTime(milliseconds, to: &line)
        line += " level=\(level.rawValue) msg=".utf8
        append(message, to: &line)
        let room = Limits.logLineBytesMax - " omitted=\(fields.count)\n".utf8.count
        var omitted = 0
        for (key, value) in fields {
            let before = line.count
            line += " \(key.name)=".utf8
            switch value {
            case .text(let text): append(text, to: &line)
            case .integer(let number): line += String(number).utf8
            case .flag(let flag): line += (flag ? "true" : "false").utf8
            }
            if line.count > room {
                line.removeSubrange(before...)
                omitted += 1
            }
        }
        if omitted > 0 { line += " omitted=\(omitted)".utf8 }
        line.append(UInt8(ascii: "\n"))
        assert(line.count <= Limits.logLineBytesMax)
        return line
    }

    // MARK: Values

    private static func append(_ text: String, to line: inout [UInt8]) {
        let isPlain =
            !text.isEmpty && text.utf8.count <= Limits.logValueBytesMax
            && text.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"")
                    && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\\")
            }
        if isPlain {
            line += text.utf8
            return
        }
        line.append(UInt8(ascii: "\""))
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            if count > Limits.logValueBytesMax {
                line += "…".utf8
                break
            }
            appendEscaped(scalar, to: &line)
        }
        line.append(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ scalar: Unicode.Scalar, to line: inout [UInt8]) {
        switch scalar {
        case "\"": line += "\\\"".utf8
        case "\\": line += "\\\\".utf8
        case "\n": line += "\\n".utf8
        case "\r": line += "\\r".utf8
        case "\t": line += "\\t".utf8
        default:
            guard scalar.isUnprintable else {
                line += String(scalar).utf8
                return
            }
            let digits = String(scalar.value, radix: 16)
            line += "\\u".utf8
            for _ in digits.utf8.count..<4 { line.append(UInt8(ascii: "0")) }
            line += digits.utf8
        }
    }

    // MARK: Time

    /// Appends `2026-11-23T11:54:16.123Z` (RFC 3339).
    private static func appendTime(_ milliseconds: Int64, to line: inout [UInt8]) {
        let (days, rest) = quotientRoundedDown(milliseconds, 86_400_000)
        // The number of a day, counted from 1 March of the year 0, in eras of 400 years: years
        // then begin after a possible leap day, and months have lengths of one formula.
        let (era, dayOfEra) = quotientRoundedDown(days + 719_468, 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        append(year, digits: 4, to: &line)
        for (sign, value) in [
            ("-", month), ("-", day), ("T", rest / 3_600_000), (":", rest / 60_000 % 60),
            (":", rest / 1_000 % 60),
        ] {
            line += sign.utf8
            append(value, digits: 2, to: &line)
        }
        line.append(UInt8(ascii: "."))
        append(rest % 1_000, digits: 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private static func quotientRoundedDown(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func append(_ value: Int64, digits: Int, to line: inout [UInt8]) {
        let text = String(value)
        for _ in 0..<max(0, digits - text.utf8.count) { line.append(UInt8(ascii: "0")) }
        line += text.utf8
    }
}
