// SPDX-License-Identifier: MIT

import Core
import Hub
import Storage
import Testing
import Wire

@testable import KintoAPI

@Suite("A login to an account")
struct LoginTests {
    private static let settings = [
        "multiauth.policies": "account", "kinto.includes": "kinto.plugins.accounts",
        "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
        "kinto.account_create_principals": "system.Everyone",
        "kinto.account_write_principals": "account:admin",
    ]

    private func server(_ more: [String: String] = [:]) async throws -> TestServer {
        let server = try TestServer(LoginTests.settings.merging(more) { $1 })
        for name in ["mat", "admin"] {
            let answer = await server.send(
                "PUT", "/v1/accounts/\(name)", as: nil, "{\"data\":{\"password\":\"secret\"}}")
            #expect(answer.status == 201)
        }
        return server
    }

    /// What the root says of a user with a password.
    private func user(
        _ server: TestServer, _ name: String = "mat", _ password: String = "secret"
    ) async -> String? {
        let answer = await answer(server, name, password)
        return answer.json["/user/id"]?.string
    }

    private func answer(
        _ server: TestServer, _ name: String, _ password: String
    ) async -> HTTPResponse {
        await server.send(
            "GET", "/v1/", as: nil, headers: [("Authorization", basic(name, password))])
    }

    private func basic(_ name: String, _ password: String) -> String {
        "Basic " + Base64.encode(Array("\(name):\(password)".utf8))
    }

    @Test("costs one hash, however often it is used")
    func session() async throws {
        let server = try await server()
        let before = server.workers.count
        for _ in 0..<5 { #expect(await user(server) == "account:mat") }
        #expect(server.workers.count == before + 1)
        server.clock.advance(seconds: 29)
        #expect(await user(server) == "account:mat")
        #expect(server.workers.count == before + 1)
        server.clock.advance(seconds: 31)
        #expect(await user(server) == "account:mat")
        #expect(server.workers.count == before + 2)
    }

    @Test("costs one hash when two hundred clients come at once")
    func storm() async throws {
        let server = try await server()
        let before = server.workers.count
        server.workers.hold()
        let users = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<200 { group.addTask { await user(server) } }
            group.addTask {
                try? await server.workers.waitUntilHeld(1)
                // Nothing else waits for the hash: requests of others are answered meanwhile.
                for _ in 0..<20 { _ = await server.send("GET", "/v1/", as: nil) }
                server.workers.open()
                return nil
            }
            return await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(users.count { $0 == "account:mat" } == 200)
        #expect(server.workers.count == before + 1)
    }

    @Test("is one no more when the password has changed, or the account is gone or came back")
    func invalidation() async throws {
        let server = try await server()
        #expect(await user(server) == "account:mat")
        let body = "{\"data\":{\"password\":\"new\"}}"
        #expect(await server.send("PATCH", "/v1/accounts/mat", as: "mat", body).status == 200)
        #expect(await user(server) == nil)
        #expect(await user(server, "mat", "new") == "account:mat")
        let back = "{\"data\":{\"password\":\"secret\"}}"
        #expect(await server.send("PUT", "/v1/accounts/mat", as: "admin", back).status == 200)
        #expect(await user(server) == "account:mat")
        #expect(await user(server, "mat", "new") == nil)
        #expect(await server.send("DELETE", "/v1/accounts/mat", as: "mat").status == 200)
        #expect(await user(server) == nil)
        #expect(await server.send("PUT", "/v1/accounts/mat", as: nil, body).status == 201)
        #expect(await user(server) == nil)
    }

    @Test("is judged by the password that the account has when the judgement is there")
    func changeMeanwhile() async throws {
        let server = try await server()
        #expect(await user(server, "admin") == "account:admin")
        // Hashed before, so that the change itself needs no worker.
        let list = ListAddress.accounts.list
        let new = try #require(
            Bcrypt.hash(Array("new".utf8), cost: 4, salt: Array(repeating: 7, count: 16)))
        server.workers.hold()
        async let slow = user(server)
        try await server.workers.waitUntilHeld(1)
        await withCheckedContinuation { continuation in
            server.storage.write(
                { transaction in
                    let members = JSONObject([("password", .string(new))])
                    try transaction.put("mat", members: members, timestamp: nil, in: list)
                },
                completion: { (_: Result<Void, any Error>) in continuation.resume() })
        }
        server.workers.open()
        #expect(await slow == nil)
    }

    @Test("is refused without a look when too many wrong passwords were tried, but no session is")
    func lockOut() async throws {
        let server = try await server()
        #expect(await user(server) == "account:mat")
        for number in 0..<Limits.failedLoginsMax {
            #expect(await user(server, "mat", "wrong \(number)") == nil)
        }
        let count = server.workers.count
        let refused = await answer(server, "mat", "one more")
        #expect(refused.status == 401 && refused.errno == 104)
        #expect(refused.fields["Retry-After"] != nil)
        // A wrong one that is known to be wrong is just that.
        #expect(await answer(server, "mat", "wrong 0").status == 200)
        #expect(await user(server) == "account:mat")
        #expect(server.workers.count == count)
        server.clock.advance(seconds: Int64(Limits.failedLoginSecondsMax) + 1)
        #expect(await user(server) == "account:mat")
    }

    @Test("of a name that no account has costs nothing")
    func unknownName() async throws {
        let server = try await server()
        let before = server.workers.count
        for name in ["nobody", "a*b", String(repeating: "x", count: 600)] {
            #expect(await user(server, name) == nil)
        }
        #expect(server.workers.count == before)
    }

    @Test("is answered 503 when too many wait, and so is a new password")
    func overload() async throws {
        let server = try await server()
        server.workers.hold(jobsMax: 0)
        let login = await answer(server, "mat", "secret")
        #expect(login.status == 503 && login.fields["Retry-After"] == "3")
        let creation = await server.send(
            "PUT", "/v1/accounts/new", as: nil, "{\"data\":{\"password\":\"x\"}}")
        #expect(creation.status == 503)
        server.workers.open()
        #expect(await user(server) == "account:mat")
        #expect(await server.send("GET", "/v1/accounts/new", as: "admin").status == 404)
    }

    @Test("can be that of each part of a batch")
    func batch() async throws {
        let server = try await server(["multiauth.policies": "account"])
        let parts = [
            "{\"path\":\"/\"}",
            "{\"path\":\"/\",\"headers\":{\"Authorization\":\"\(basic("admin", "secret"))\"}}",
            "{\"path\":\"/\",\"headers\":{\"Authorization\":\"\(basic("admin", "no"))\"}}",
            "{\"path\":\"/accounts/new\",\"method\":\"PUT\",\"headers\":{\"Authorization\":\"\"},"
                + "\"body\":{\"data\":{\"password\":\"x\"}}}",
            "{\"path\":\"/accounts/mat\",\"method\":\"PATCH\","
                + "\"body\":{\"data\":{\"password\":\"new\"}}}",
        ].joined(separator: ",")
        let answer = await server.send(
            "POST", "/v1/batch", as: "mat", "{\"requests\":[\(parts)]}")
        let users = (0..<3).map { answer.json["/responses/\($0)/body/user/id"]?.string }
        #expect(users == ["account:mat", "account:admin", nil])
        #expect(answer.json["/responses/3/status"] == 201)
        #expect(answer.json["/responses/4/status"] == 200)
        #expect(await user(server, "new", "x") == "account:new")
        #expect(await user(server, "mat", "new") == "account:mat")
    }

    @Test("that opened a stream does not keep it open when the account is gone")
    func stream() async throws {
        let server = try await server([
            "multiauth.policies": "account basicauth", "kinto.changes.resources": "*",
        ])
        let viewers = ["account:mat", "basicauth:other", nil].map { Viewer(userID: $0) }
        let collection = CollectionPath(bucket: "b", collection: "c")
        let streams =
            viewers.map { (viewer: $0, path: collection as CollectionPath?) }
            + viewers.map { (viewer: $0, path: nil) }
        let body = "{\"permissions\":{\"read\":[\"system.Everyone\"]}}"
        #expect(await server.send("PUT", "/v1/buckets/b", as: "admin", body).status == 201)
        let service = server.service
        func standings() async throws -> [StreamStanding] {
            let count = server.hub.accessChanges
            return try await withCheckedThrowingContinuation { continuation in
                server.storage.read(
                    { try service.standings(of: streams, at: count, $0) },
                    completion: { continuation.resume(with: $0) })
            }
        }
        let shown = StreamStanding.shown(Visibility(buckets: ["b"], collections: []))
        #expect(try await standings() == [.kept, .kept, .kept, shown, shown, shown])
        #expect(await server.send("DELETE", "/v1/accounts/mat", as: "mat").status == 200)
        #expect(try await standings() == [.lost, .kept, .kept, .lost, shown, shown])
    }

    @Test("never shows its password in a text")
    func description() {
        let login = Login(name: "mat", password: "hush")
        var dump = ""
        Swift.dump(login, to: &dump)
        for text in ["\(login)", String(reflecting: login), dump, "\(["a": login])"] {
            #expect(!text.contains("hush") && text.contains("mat"))
        }
        let slot = PasswordSlot()
        #expect(throws: PasswordNeeded.self) { try slot.hash(of: "hush") }
        do { _ = try slot.hash(of: "hush") } catch { #expect(!"\(error)".contains("hush")) }
    }
}
