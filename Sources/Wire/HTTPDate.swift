// SPDX-License-Identifier: MIT

/// Dates as HTTP writes them (RFC 9110, section 5.6.7), by arithmetic alone: no locale, no zone.
///
/// Days are counted from 0000-03-01, so that the leap day is a year's last: then the lengths of
/// the months before it are a linear function.
package enum HTTPDate {
    /// How many bytes a formatted date has.
    package static let byteCount = 29

    /// The seconds since 1970 that four digits of year can tell: 0000-01-01 to 9999-12-31.
    package static let secondsRange: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// The date as `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// - Parameter seconds: Seconds since 1970, taken into `secondsRange` when outside.
    package static func format(_ seconds: Int64) -> [UInt8] {
        let seconds = min(max(seconds, secondsRange.lowerBound), secondsRange.upperBound)
        let (days, secondOfDay) = floorDivide(seconds, by: 86_400)
        let (year, month, day) = civil(days: days)
        let weekday = Int(floorDivide(days + 4, by: 7).remainder)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        bytes += weekdays[weekday].utf8.prefix(3)
        bytes += ", ".utf8
        appendDigits(day, to: &bytes)
        bytes.append(Byte.space)
        bytes += months[month - 1].utf8
        bytes.append(Byte.space)
        appendDigits(year / 100, to: &bytes)
        appendDigits(year % 100, to: &bytes)
        bytes.append(Byte.space)
        appendDigits(Int(secondOfDay) / 3600, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(Int(secondOfDay) / 60 % 60, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(Int(secondOfDay) % 60, to: &bytes)
        bytes += " GMT".utf8
        return bytes
    }

    /// The seconds since 1970 of a date in one of the three forms that a recipient must know:
    ///
    /// ```
    /// Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate
    /// Sunday, 06-Nov-94 08:49:37 GMT    RFC 850
    /// Sun Nov  6 08:49:37 1994          asctime
    /// ```
    ///
    /// - Parameter now: Seconds since 1970: a year of two digits that seems more than 50 years
    ///   ahead of it is in the past (RFC 9110, 5.6.7).
    /// - Returns: nil if the text is no such date; that a weekday fits its date is not checked.
    package static func parse(_ text: some StringProtocol, now: Int64) -> Int64? {
        guard text.utf8.count <= 40 else { return nil }
        let bytes = Array(text.utf8)
        var reader = Reader(bytes: bytes[...])
        guard let weekday = reader.word() else { return nil }
        let isLong = weekdays.contains(weekday)
        guard isLong || weekdays.contains(where: { $0.prefix(3) == weekday }) else { return nil }
        let seconds: Int64?
        if !isLong, reader.skip(", ") {
            seconds = reader.fixedDate()
        } else if isLong, reader.skip(", ") {
            seconds = reader.obsoleteDate(now: now)
        } else if !isLong, reader.skip(" ") {
            seconds = reader.asctimeDate()
        } else {
            return nil
        }
        return reader.bytes.isEmpty ? seconds : nil
    }

    /// The day count (days since 1970) of a date, which must exist.
    fileprivate static func days(year: Int, month: Int, day: Int) -> Int64? {
        guard (1...12).contains(month), day >= 1, day <= length(ofMonth: month, year: year) else {
            return nil
        }
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let (era, yearOfEra) = floorDivide(shifted, by: 400)
        let monthFromMarch = Int64((month + 9) % 12)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The year of a day count.
    fileprivate static func year(ofDays days: Int64) -> Int { civil(days: days).year }

    /// The date of a day count (days since 1970) in the Gregorian calendar.
    package static func civil(days: Int64) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let leapDays = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leapDays) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (Int(year), Int(month), Int(day))
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        case _: 31
        }
    }

    fileprivate static func floorDivide(
        _ value: Int64, by divisor: Int64
    ) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func appendDigits(_ value: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "0") + UInt8(value / 10))
        bytes.append(UInt8(ascii: "0") + UInt8(value % 10))
    }

    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    fileprivate static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

/// Takes the parts of a date off its front.
private struct Reader {
    var bytes: ArraySlice<UInt8>

    mutating func word() -> String? {
        let letters = bytes.prefix {
            $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z")
        }
        bytes = bytes.dropFirst(letters.count)
        return letters.isEmpty ? nil : String(decoding: letters, as: UTF8.self)
    }

    mutating func skip(_ text: String) -> Bool {
        guard bytes.starts(with: text.utf8) else { return false }
        bytes = bytes.dropFirst(text.utf8.count)
        return true
    }

    mutating func number(digits: Int) -> Int? {
        var value = 0
        for byte in bytes.prefix(digits) {
            guard let digit = Byte.decimalValue(byte) else { return nil }
            value = value * 10 + Int(digit)
        }
        guard bytes.count >= digits else { return nil }
        bytes = bytes.dropFirst(digits)
        return value
    }

    mutating func month() -> Int? {
        guard let name = word(), let index = HTTPDate.months.firstIndex(of: name) else {
            return nil
        }
        return index + 1
    }

    /// `06 Nov 1994 08:49:37 GMT`
    mutating func fixedDate() -> Int64? {
        guard let day = number(digits: 2), skip(" "), let month = month(), skip(" "),
            let year = number(digits: 4), skip(" "), let time = time(), skip(" GMT"),
            let days = HTTPDate.days(year: year, month: month, day: day)
        else { return nil }
        return days * 86_400 + time
    }

    /// `06-Nov-94 08:49:37 GMT`
    mutating func obsoleteDate(now: Int64) -> Int64? {
        guard let day = number(digits: 2), skip("-"), let month = month(), skip("-"),
            let shortYear = number(digits: 2), skip(" "), let time = time(), skip(" GMT")
        else { return nil }
        let (today, _) = HTTPDate.floorDivide(now, by: 86_400)
        let thisYear = HTTPDate.year(ofDays: today)
        var year = thisYear / 100 * 100 + shortYear
        if year > thisYear + 50 { year -= 100 }
        guard let days = HTTPDate.days(year: year, month: month, day: day) else { return nil }
        return days * 86_400 + time
    }

    /// `Nov  6 08:49:37 1994`
    mutating func asctimeDate() -> Int64? {
        guard let month = month(), skip(" "),
            let day = skip(" ") ? number(digits: 1) : number(digits: 2), skip(" "),
            let time = time(), skip(" "), let year = number(digits: 4),
            let days = HTTPDate.days(year: year, month: month, day: day)
        else { return nil }
        return days * 86_400 + time
    }

    /// `08:49:37`, where a leap second may be told.
    private mutating func time() -> Int64? {
        guard let hour = number(digits: 2), hour < 24, skip(":"), let minute = number(digits: 2),
            minute < 60, skip(":"), let second = number(digits: 2), second <= 60
        else { return nil }
        return Int64(hour * 3600 + minute * 60 + second)
    }
}

/// The date of the current second, formatted once per second.
package struct HTTPDateCache {
    private var second: Int64
    private var formatted: [UInt8]

    /// Makes a cache that holds the start of 1970.
    package init() {
        second = 0
        formatted = HTTPDate.format(0)
    }

    /// The formatted date of `second`, in seconds since 1970.
    package mutating func bytes(at second: Int64) -> [UInt8] {
        if second != self.second {
            self.second = second
            formatted = HTTPDate.format(second)
        }
        return formatted
    }
}
