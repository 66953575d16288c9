// SPDX-License-Identifier: MIT

import Foundation
import Core
import Testing

@testable import KintoAPI

@Suite("A token that deletes a page")
struct DeletionTokensTests {
    private let now = Timestamp(milliseconds: 1_000_000)

    private func later(_ milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: now.milliseconds + milliseconds)
    }

    @Test("works once, and only as long as it is valid")
    func validity() {
        let tokens = DeletionTokens()
        for (milliseconds, works) in [(0, true), (9_999, true), (10_000, false), (10_001, false)] {
            let nonce = tokens.issue("id", now: now, validitySeconds: 10)
            #expect(tokens.redeem(nonce, now: later(Int64(milliseconds))) == works)
            #expect(!tokens.redeem(nonce, now: now))
        }
        #expect(!tokens.redeem("pagination-token-unknown", now: now))
    }

    @Test("is its request's own when the transaction has to run again for another's failure")
    func rerun() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "heliograph-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let server = try TestServer(file: directory.appending(path: "tokens.db").path)
        await server.makeCollection()
        await server.makeCollection("/buckets/b/collections/empty")
        let records = "/v1/buckets/b/collections/c/records"
        for id in ["a", "b"] {
            #expect(await server.send("PUT", "\(records)/\(id)", "{}").status == 201)
        }
        let page = await server.send("DELETE", "\(records)?_limit=1")
        let next = try #require(page.fields["Next-Page"])
        let start = try #require(next.firstRange(of: "/v1/")?.lowerBound)
        let rest = TestServer.request("DELETE", String(next[start...]), as: "mat")
        // It gives the list its first timestamp, and is then refused.
        let failing = TestServer.request(
            "PUT", "/v1/buckets/b/collections/empty/records/x", as: "mat", "{}",
            headers: [("If-Match", "\"1\"")])
        let answers = await server.holdingWriter { [server.begin(rest), server.begin(failing)] }
        var statuses: [Int] = []
        for answer in answers { for await response in answer { statuses.append(response.status) } }
        #expect(statuses == [200, 412])
        #expect(await server.send("GET", records).ids.isEmpty)
        #expect(await server.send(rest).status == 400)
    }

    @Test("makes room for others when it has expired, and at last when there are too many")
    func limit() {
        let tokens = DeletionTokens()
        let old = tokens.issue("old", now: now, validitySeconds: 1)
        for index in 1..<Limits.deletionTokensMax {
            _ = tokens.issue(String(index), now: now, validitySeconds: 100)
        }
        let kept = tokens.issue("kept", now: later(2_000), validitySeconds: 100)
        #expect(!tokens.redeem(old, now: now), "the expired one went")
        #expect(tokens.redeem(kept, now: later(2_000)))
        #expect(tokens.redeem("pagination-token-1", now: later(2_000)))
        for index in 0..<3 { _ = tokens.issue("more\(index)", now: now, validitySeconds: 100) }
        #expect(!tokens.redeem("pagination-token-2", now: now), "there were too many")
        #expect(tokens.redeem("pagination-token-more2", now: now))
    }
}
