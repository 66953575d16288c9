// SPDX-License-Identifier: MIT

import Testing

@testable import Wire

@Suite("An HTTP date")
struct HTTPDateTests {
    private func format(_ seconds: Int64) -> String {
        String(decoding: HTTPDate.format(seconds), as: UTF8.self)
    }

    @Test(
        "is written in its fixed form",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (253_402_300_800, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
            (Int64.min, "Sat, 01 Jan 0000 00:00:00 GMT"),
        ] as [(Int64, String)])
    func formatting(seconds: Int64, text: String) {
        #expect(format(seconds) == text)
        #expect(HTTPDate.format(seconds).count == HTTPDate.byteCount)
    }

    @Test("is read back on every day of four centuries")
    func roundTrip() {
        var weekday = 6
        let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        for day in Int64(0)..<146_097 {
            let seconds = -11_676_096_000 + day * 86_400 + day % 86_400
            let text = format(seconds)
            let isRight = HTTPDate.parse(text, now: 0) == seconds && text.hasPrefix(names[weekday])
            weekday = (weekday + 1) % 7
            guard !isRight else { continue }
            Issue.record("\(seconds) became \(text)")
            return
        }
    }

    @Test("is read in its three forms")
    func forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            #expect(HTTPDate.parse(text, now: 1_700_000_000) == 784_111_777, "\(text)")
        }
        #expect(HTTPDate.parse("Wed Nov 16 08:49:37 1994", now: 0) == 784_975_777)
        #expect(HTTPDate.parse("Sat, 31 Dec 2016 23:59:60 GMT", now: 0) == 1_483_228_800)
    }

    @Test("with two digits of year is at most 50 years ahead")
    func shortYear() {
        let now: Int64 = 1_700_000_000  // in 2023
        func year(_ digits: String) -> String? {
            HTTPDate.parse("Sunday, 06-Nov-\(digits) 00:00:00 GMT", now: now)
                .map { String(format($0).dropFirst(12).prefix(4)) }
        }
        #expect(year("73") == "2073")
        #expect(year("74") == "1974")
        #expect(year("23") == "2023")
        #expect(year("00") == "2000")
    }

    @Test(
        "is refused in any other form",
        arguments: [
            "", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 29 Feb 1900 00:00:00 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:00:61 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Son, 06 Nov 1994 08:49:37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "1603126502200",
            "Sun Nov 006 08:49:37 1994", "Sunday Nov  6 08:49:37 1994",
            "Sun, 31 Apr 1994 00:00:00 GMT",
        ])
    func refusal(text: String) {
        #expect(HTTPDate.parse(text, now: 0) == nil)
    }

    @Test("of the current second is kept until the second changes")
    func cache() {
        var cache = HTTPDateCache()
        for second: Int64 in [0, 784_111_777, 784_111_777, 784_111_778, 5, 0] {
            #expect(cache.bytes(at: second) == HTTPDate.format(second))
        }
    }
}
