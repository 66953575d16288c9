// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

/// What `kinto-attachment` writes about files is an ordinary member here.
@Suite("The attachment of a record")
struct AttachmentTests {
    private static let record = "/v1/buckets/b/collections/c/records/r"
    private static let attachment =
        #"{"hash":"5feceb66","size":1337.0,"filename":"ü.bin","location":"b/c/\u00e9.bin","#
        + #""mimetype":"application/octet-stream","original":{"size":18446744073709551616}}"#
    /// The same, its texts written plainly.
    private static let stored = attachment.replacing(#"\u00e9"#, with: "é")

    private func server() async throws -> TestServer {
        let server = try TestServer([
            "multiauth.policies": "basicauth", "kinto.changes.resources": "*",
        ])
        await server.makeCollection()
        let body = "{\"data\":{\"a\":1,\"attachment\":\(AttachmentTests.attachment),\"z\":2}}"
        #expect(await server.send("PUT", AttachmentTests.record, body).status == 201)
        return server
    }

    /// How often the attachment stands in an answer, byte for byte.
    private func occurrences(_ response: HTTPResponse) -> Int {
        String(decoding: response.body.bytes, as: UTF8.self)
            .split(separator: AttachmentTests.stored, omittingEmptySubsequences: false).count - 1
    }

    @Test("is told as it was written, wherever the record is")
    func reading() async throws {
        let server = try await server()
        for target in [
            AttachmentTests.record, "/v1/buckets/b/collections/c/records",
            "/v1/buckets/b/collections/c/changeset?_expected=0",
            "/v1/buckets/b/collections/c/records?attachment.filename=\u{FC}.bin"
                .replacing("\u{FC}", with: "%C3%BC"),
            "/v1/buckets/b/collections/c/records?_fields=attachment",
        ] {
            #expect(await occurrences(server.send("GET", target)) == 1, "\(target)")
        }
        // Links to files are another server's affair.
        #expect(await server.send("GET", "/v1/").json["/capabilities/attachments"] == nil)
    }

    @Test("stays as it is when other members are changed, and goes when it is told to")
    func changing() async throws {
        let server = try await server()
        let merge = [("Content-Type", "application/merge-patch+json")]
        let record = AttachmentTests.record
        let patched = await server.send("PATCH", record, #"{"data":{"a":3}}"#)
        #expect(occurrences(patched) == 1)
        let merged = await server.send("PATCH", record, #"{"data":{"z":null}}"#, headers: merge)
        #expect(occurrences(merged) == 1)
        let members = JSONWriter.string(merged.json["/data"] ?? .null)
        let body = "{\"data\":\(members)}"
        #expect(await occurrences(server.send("PUT", record, body)) == 1)
        let inner = await server.send(
            "PATCH", record, #"{"data":{"attachment":{"size":1}}}"#, headers: merge)
        #expect(inner.json["/data/attachment/size"] == 1)
        #expect(inner.json["/data/attachment/filename"] == "ü.bin")
        let none = await server.send("PATCH", record, #"{"data":{"attachment":null}}"#)
        #expect(none.json["/data/attachment"] == .null)
        let gone = await server.send(
            "PATCH", record, #"{"data":{"attachment":null}}"#, headers: merge)
        #expect(gone.json.object?["data"]?.object?.keys.contains("attachment") == false)
    }
}
