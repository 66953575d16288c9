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

    @Test("is not there, or on several lines")
    func lines() {
        #expect(!HTTPFields().wants(coding: "gzip"))
        #expect(
            HTTPFields([("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")])
                .wants(coding: "gzip"))
    }
}
