// SPDX-License-Identifier: MIT

import Core
import Wire

/// Dates as people write them in settings: `2030-12-31`, with or without a time in UTC.
enum CalendarDate {
    /// The moment, or nil if the text is no such date.
    static func timestamp(_ text: String) -> Timestamp? {
        let parts = text.split { $0 == "T" || $0 == " " }
        guard parts.count == 1 || parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard date.count == 3, date[0].utf8.count == 4, let year = number(date[0]),
            let month = number(date[1]), let day = number(date[2]), (1...12).contains(month),
            (1...31).contains(day)
        else { return nil }
        var seconds: Int64 = 0
        if parts.count == 2 {
            let clock = parts[1].prefix { $0 != "Z" && $0 != "+" && $0 != "." }
            let fields = clock.split(separator: ":", omittingEmptySubsequences: false)
            let numbers = fields.compactMap(number)
            guard fields.count == 2 || fields.count == 3, numbers.count == fields.count,
                numbers[0] < 24, numbers[1] < 60, (numbers.count < 3 || numbers[2] < 60)
            else { return nil }
            seconds = numbers[0] * 3600 + numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
        }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days =
            era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return Timestamp(milliseconds: (days * 86_400 + seconds) * 1000)
    }

    /// A moment as `2030-12-31T23:59:59.123000+00:00` (RFC 3339), in microseconds as the reference
    /// writes it.
    static func text(_ timestamp: Timestamp) -> String {
        let (days, rest) = divide(timestamp.milliseconds, by: 86_400_000)
        let date = HTTPDate.civil(days: days)
        let (seconds, milliseconds) = divide(rest, by: 1000)
        let (minutes, second) = divide(seconds, by: 60)
        let (hour, minute) = divide(minutes, by: 60)
        let day = "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))"
        let time = [hour, minute, second].map { digits(Int($0), 2) }.joined(separator: ":")
        return "\(day)T\(time).\(digits(Int(milliseconds), 3))000+00:00"
    }

    /// Divides with a remainder that is never negative.
    private static func divide(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// A number with zeros before it, so that it has `count` digits at least.
    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(count - text.utf8.count, 0)) + text
    }

    private static func number(_ text: Substring) -> Int64? {
        guard (1...4).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-") else {
            return nil
        }
        return DecimalNumber.parse(text.utf8, digitsMax: 4)
    }
}
