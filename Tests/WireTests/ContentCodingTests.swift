// SPDX-License-Identifier: MIT

import Testing

@testable import Wire

@Suite("Accept-Encoding")
struct ContentCodingTests {
    @Test(
        "wants gzip",
        arguments: [
            "gzip", "GZIP", "gzip, deflate, br, zstd", "deflate,gzip;q=0.5", "gzip ; q=0.001",
            "*", "br, *;q=0.1", "gzip;q=1.000", "identity;q=0, gzip", "*;q=0, gzip",
            "gzip;q=1", "gzip;q=1.", "gzip;Q=0.1", "gzip\t;\tq=0.010", "br;q=abc, gzip",
        ])
    func wanted(value: String) {
        #expect(HTTPFields([("accept-encoding", value)]).wants(coding: "gzip"))
    }

    @Test(
        "does not want gzip",
        arguments: [
            "", "identity", "deflate, br", "gzip;q=0", "gzip; Q=0.000", "*, gzip;q=0", "*;q=0",
            "xgzip", "gzipx", "deflate;gzip",
        ])
    func unwanted(value: String) {
        #expect(!HTTPFields([("Accept-Encoding", value)]).wants(coding: "gzip"))
    }

    @Test(
        "does not want gzip with a weight that is none",
        arguments: [
            "abc", "1.5", "1.001", "2", "-1", "+1", ".5", "0.0001", "1.0000", "0.5x", "0,5", "1e0",
            "", " 1", "= 1", "1;q=1", "1 ;x", "0.1.1", "00.1", "01", "1.0a", "\"1\"", "0.½",
        ])
    func malformed(weight: String) {
        for name in ["gzip", "*"] {
            #expect(
                !HTTPFields([("Accept-Encoding", "\(name);q=\(weight)")]).wants(coding: "gzip"))
        }
        // What is said of gzip counts before what is said of everything.
        #expect(
            !HTTPFields([("Accept-Encoding", "*, gzip;q=x\(weight)")]).wants(coding: "gzip"))
    }

    @Test(
        "does not want gzip with white space or words where none may be",
        arguments: [
            "gzip ; q = 0", "gzip;q =1", "gzip;q= 1", "gzip;", "gzip;;q=1", "gzip;1", "gzip;q",
            "gzip;quality=1", "gzip;x=1", "gzip;x=1;q=1", "gzip q=1", ";q=1",
        ])
    func misplaced(value: String) {
        #expect(!HTTPFields([("Accept-Encoding", value)]).wants(coding: "gzip"))
    }

    @Test("is not there, or on several lines")
    func lines() {
        #expect(!HTTPFields().wants(coding: "gzip"))
        #expect(
            HTTPFields([("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")])
                .wants(coding: "gzip"))
    }
}
