// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("Accounts")
struct AccountTests {
    private static let open = [
        "multiauth.policies": "account basicauth", "kinto.includes": "kinto.plugins.accounts",
        "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
        "kinto.account_create_principals": "system.Everyone",
        "kinto.account_write_principals": "account:admin",
        "kinto.account_read_principals": "account:admin account:reader",
    ]

    /// A server with accounts of the password `secret`.
    private func server(_ names: [String] = ["mat", "alice", "admin", "reader"]) async throws
        -> TestServer
    {
        let server = try TestServer(AccountTests.open)
        for name in names {
            #expect(await put(server, name, as: nil).status == 201)
        }
        return server
    }

    private func put(
        _ server: TestServer, _ name: String, as user: String?
    ) async -> HTTPResponse {
        await server.send(
            "PUT", "/v1/accounts/\(name)", as: user, "{\"data\":{\"password\":\"secret\"}}")
    }

    @Test(
        "are reached by administrators, their own users, and those who make them",
        arguments: [
            (nil, "PUT", "mat", 401), (nil, "GET", "mat", 401), (nil, "GET", "nobody", 401),
            (nil, "PATCH", "mat", 401), (nil, "DELETE", "nobody", 401),
            (nil, "PUT", "a*b", 400), (nil, "PUT", "me+x@example.org", 201),
            ("mat", "GET", "mat", 200), ("mat", "PATCH", "mat", 200), ("mat", "PUT", "mat", 200),
            ("mat", "DELETE", "mat", 200), ("mat", "GET", "alice", 403),
            ("mat", "PUT", "alice", 400), ("mat", "PUT", "new", 400),
            ("mat", "PATCH", "alice", 403), ("mat", "DELETE", "alice", 403),
            ("mat", "DELETE", "nobody", 403), ("reader", "GET", "alice", 404),
            ("admin", "GET", "alice", 200), ("admin", "GET", "nobody", 404),
            ("admin", "PUT", "alice", 200), ("admin", "PUT", "new", 201),
            ("admin", "PATCH", "alice", 200), ("admin", "DELETE", "alice", 200),
            ("admin", "DELETE", "nobody", 404), ("basic", "PUT", "basic", 400),
        ] as [(String?, String, String, Int)])
    func reach(user: String?, method: String, name: String, status: Int) async throws {
        let server = try await server()
        let body = "{\"data\":{\"password\":\"secret\"}}"
        let answer = await server.send(
            method, "/v1/accounts/\(name)", as: user,
            ["PUT", "PATCH"].contains(method) ? body : nil)
        #expect(answer.status == status, "\(answer.json)")
    }

    @Test(
        "are added under the id that the body gives",
        arguments: [
            (nil, "{\"id\":\"new\",\"password\":\"x\"}", 201, ""),
            (nil, "{\"id\":\"mat\",\"password\":\"x\"}", 401, ""),
            (nil, "{\"password\":\"x\"}", 400, "data.id in body: Required"),
            (nil, "{\"id\":5,\"password\":\"x\"}", 400, "path: Invalid object id"),
            ("mat", "{\"id\":\"mat\",\"password\":\"x\"}", 200, ""),
            (
                "mat", "{\"id\":\"new\",\"password\":\"x\"}", 400,
                "data.id in body: Username and account ID do not match."
            ),
            ("mat", "{\"password\":\"x\"}", 400, "data.id in body: Accounts must have an ID."),
            ("admin", "{\"id\":\"new\",\"password\":\"x\"}", 201, ""),
            ("admin", "{\"id\":\"alice\",\"password\":\"x\"}", 200, ""),
            ("admin", "{\"password\":\"x\"}", 400, "data.id in body: Required"),
        ] as [(String?, String, Int, String)])
    func add(user: String?, data: String, status: Int, message: String) async throws {
        let server = try await server()
        let answer = await server.send("POST", "/v1/accounts", as: user, "{\"data\":\(data)}")
        #expect(answer.status == status, "\(answer.json)")
        if !message.isEmpty { #expect(answer.message == message) }
    }

    @Test("belong to whom they are for, whoever makes them")
    func owner() async throws {
        let server = try await server()
        let answer = await put(server, "new", as: "admin")
        #expect(answer.json["/permissions/write"] == ["account:new"])
        let basic = await server.send("GET", "/v1/", as: "joe").json["/user/id"]?.string ?? ""
        let own = String(basic.drop { $0 != ":" }.dropFirst())
        #expect(await put(server, own, as: "joe").json["/permissions/write"] == [.string(basic)])
    }

    @Test("are listed for administrators, one's own for others, none for the anonymous")
    func list() async throws {
        let server = try await server()
        #expect(await server.send("GET", "/v1/accounts", as: "mat").ids == ["mat"])
        #expect(await server.send("GET", "/v1/accounts", as: "reader").ids == ["reader"])
        #expect(await server.send("GET", "/v1/accounts", as: "joe").ids == [])
        let all = await server.send("GET", "/v1/accounts?_sort=id", as: "admin")
        #expect(all.ids == ["admin", "alice", "mat", "reader"])
        let head = await server.send("HEAD", "/v1/accounts", as: "admin")
        #expect(head.fields["Total-Objects"] == "4")
        let anonymous = await server.send("GET", "/v1/accounts", as: nil)
        #expect(anonymous.status == 401 && anonymous.errno == 999)
        #expect(anonymous.json["/error"] == "Cannot read accounts.")
        #expect(await server.send("DELETE", "/v1/accounts", as: "mat").ids == ["mat"])
        #expect(await server.send("GET", "/v1/accounts", as: "admin").ids.count == 3)
    }

    @Test("do not tell their users when others change")
    func ownTimestamp() async throws {
        let server = try await server()
        let before = await server.send("GET", "/v1/accounts", as: "mat").fields["ETag"]
        #expect(await put(server, "alice", as: "alice").status == 200)
        let after = await server.send("GET", "/v1/accounts", as: "mat").fields["ETag"]
        #expect(before != nil && before == after)
        let own = await server.send("GET", "/v1/accounts/mat", as: "mat").fields["ETag"]
        #expect(own == after)
    }

    @Test(
        "have a password that is a text which bcrypt tells from others",
        arguments: [
            ("{}", "data.password in body: Required"),
            ("{\"password\":null}", "data.password in body: Required"),
            ("{\"password\":\"\"}", "data.password in body: Required"),
            ("{\"password\":{}}", "data.password in body: Required"),
            ("{\"password\":12}", "data.password in body: 12 is not a string: {'password': ''}"),
            (
                "{\"password\":true}",
                "data.password in body: True is not a string: {'password': ''}"
            ),
            (
                "{\"password\":\"a\\u0000b\"}",
                "data.password in body: \(ObjectSchema.unhashable)"
            ),
        ])
    func password(data: String, message: String) async throws {
        let server = try await server([])
        let answer = await server.send("PUT", "/v1/accounts/a", as: nil, "{\"data\":\(data)}")
        #expect(answer.status == 400 && answer.message == message)
        #expect(server.workers.count == 0)
    }

    @Test("take a password of 72 bytes and none of 73")
    func passwordLength() async throws {
        let server = try await server([])
        for (length, status) in [
            (Limits.passwordBytesMax, 201), (Limits.passwordBytesMax + 1, 400),
        ] {
            let password = String(repeating: "x", count: length)
            let answer = await server.send(
                "PUT", "/v1/accounts/a\(length)", as: nil,
                "{\"data\":{\"password\":\"\(password)\"}}")
            #expect(answer.status == status)
        }
        let none = await server.send("PUT", "/v1/accounts/a", as: nil, "{\"permissions\":{}}")
        #expect(none.message == "data in body: Required")
    }

    @Test("keep the hash of a password that a change does not name, and never its text")
    func change() async throws {
        let server = try await server()
        let before = await server.send("GET", "/v1/accounts/mat", as: "mat")
        let count = server.workers.count
        let aged = await server.send(
            "PATCH", "/v1/accounts/mat", as: "mat", "{\"data\":{\"age\":4}}")
        #expect(aged.json["/data/password"] == before.json["/data/password"])
        #expect(server.workers.count == count)
        let patched = await server.send(
            "PATCH", "/v1/accounts/mat", as: "mat",
            "[{\"op\":\"add\",\"path\":\"/data/age\",\"value\":5}]",
            headers: [("Content-Type", "application/json-patch+json")])
        #expect(patched.status == 200)
        #expect(patched.json["/data/password"] == before.json["/data/password"])
        #expect(server.workers.count == count)
        let replaced = await server.send(
            "PATCH", "/v1/accounts/mat", as: "mat",
            "[{\"op\":\"replace\",\"path\":\"/data/password\",\"value\":\"secret\"}]",
            headers: [("Content-Type", "application/json-patch+json")])
        #expect(Bcrypt.isHash(replaced.json["/data/password"]?.string ?? ""))
        for (type, data) in [
            ("application/json", "{\"password\":\"other\"}"),
            ("application/merge-patch+json", "{\"password\":\"secret\"}"),
        ] {
            let user = type == "application/json" ? "mat" : "admin"
            let answer = await server.send(
                "PATCH", "/v1/accounts/mat", as: user, "{\"data\":\(data)}",
                headers: [("Content-Type", type)])
            #expect(Bcrypt.isHash(answer.json["/data/password"]?.string ?? ""))
        }
        #expect(await server.send("GET", "/v1/", as: "mat").json["/user/id"] == "account:mat")
    }

    @Test("hash nothing for a request that is refused")
    func refusedForNothing() async throws {
        let server = try await server()
        #expect(await server.send("GET", "/v1/", as: "mat").status == 200)
        let count = server.workers.count
        #expect(await put(server, "mat", as: nil).status == 401)
        #expect(await put(server, "alice", as: "mat").status == 400)
        #expect(server.workers.count == count)
    }

    @Test("ask for credentials once for each policy")
    func challenges() async throws {
        let server = try await server()
        let answer = await server.send("GET", "/v1/accounts/mat", as: nil)
        #expect(answer.fields.lines.count { $0.name == "WWW-Authenticate" } == 2)
    }

    @Test("are not there without their plugin")
    func plugin() async throws {
        let server = try TestServer()
        #expect(await put(server, "mat", as: nil).status == 404)
        #expect(await server.send("GET", "/v1/").json["/capabilities/accounts"] == nil)
    }

    @Test(
        "are refused at start when they would not do what they seem to",
        arguments: [
            (["multiauth.policies": "portier"], "multiauth.policies"),
            (["multiauth.policies": "account"], "multiauth.policies"),
            (
                [
                    "multiauth.policies": "oidc",
                    "multiauth.policy.oidc.use": "kinto.plugins.openid.OpenIDConnectPolicy",
                ], "multiauth.policy.oidc.use"
            ),
            (["kinto.includes": "kinto.plugins.accounts"], "kinto.includes"),
            (
                open.merging(["multiauth.policies": "basicauth account"]) { $1 },
                "multiauth.policies"
            ),
            (
                open.merging(["kinto.account_create_principals": "account:hr"]) { $1 },
                "kinto.account_create_principals"
            ),
        ])
    func refusedSettings(values: [String: String], key: String) {
        let error = #expect(throws: SettingsError.self) { try KintoSettings(values) }
        #expect(error?.key == key)
    }

    @Test("know their users by a policy of any name, with one prefix")
    func policyName() async throws {
        var values = AccountTests.open
        values["multiauth.policies"] = "users"
        values["multiauth.policy.account.use"] = nil
        values["multiauth.policy.users.use"] =
            "kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy"
        let server = try TestServer(values)
        #expect(await put(server, "mat", as: nil).status == 201)
        #expect(await server.send("GET", "/v1/", as: "mat").json["/user/id"] == "account:mat")
        #expect(await server.send("GET", "/v1/", as: "joe").json["/user"] == nil)
    }
}
