// SPDX-License-Identifier: MIT

import Core
import Wire

@testable import KintoAPI

/// One recorded request with the answer of the reference.
struct GoldenStep: Sendable {
    let number: Int64
    let name: String
    let settings: [String: String]
    let volatile: Set<String>
    let unordered: Set<String>
    var wording: Set<String>
    let isQuirk: Bool
    let status: Int64
    let headers: [String: String]
    var body: String
    private let request: JSONObject
    private let template: JSONObject
    private let saved: [String: String]

    init?(_ line: some StringProtocol) throws {
        guard let step = try JSONParser.parse(String(line)).object,
            let request = step["request"]?.object, let response = step["response"]?.object
        else { return nil }
        self.request = request
        number = step["step"]?.integer ?? -1
        name = step["name"]?.string ?? ""
        settings = Dictionary(
            uniqueKeysWithValues: (step["settings"]?.object?.members ?? []).map {
                ($0.key, $0.value.string ?? "")
            })
        volatile = GoldenStep.texts(step["volatile"])
        unordered = GoldenStep.texts(step["unordered"])
        wording = GoldenStep.texts(step["wording"])
        isQuirk = step["quirk"] != nil
        status = response["status"]?.integer ?? 0
        headers = Dictionary(
            (response["headers"]?.array ?? []).map { pair in
                (pair["/0"]?.string?.lowercased() ?? "", pair["/1"]?.string ?? "")
            }, uniquingKeysWith: { $0 + ", " + $1 })
        body = response["body"]?.string ?? ""
        template = step["template"]?.object ?? JSONObject()
        saved = Dictionary(
            uniqueKeysWithValues: (step["save"]?.object?.members ?? []).map {
                ($0.key, $0.value.string ?? "")
            })
    }

    private static func texts(_ value: JSONValue?) -> Set<String> {
        Set((value?.array ?? []).compactMap(\.string))
    }

    /// The request, with values of earlier answers put in.
    func request(_ values: [String: String]) -> HTTPRequest {
        var fields = HTTPFields()
        for pair in request["headers"]?.array ?? [] {
            fields.append(pair["/0"]?.string ?? "", pair["/1"]?.string ?? "")
        }
        for member in template["headers"]?.object?.members ?? [] {
            fields[member.key] = GoldenStep.fill(member.value.string ?? "", values)
        }
        var target = request["target"]?.string ?? ""
        if let text = template["target"]?.string { target = GoldenStep.fill(text, values) }
        if let scheme = target.firstRange(of: "://") {
            let rest = target[scheme.upperBound...]
            target = String(rest[(rest.firstIndex(of: "/") ?? rest.endIndex)...])
        }
        let method = HTTPMethod(request["method"]?.string ?? "")
        let head = HTTPRequestHead(method: method, target: target, fields: fields)
        return HTTPRequest(head: head, body: bodyBytes)
    }

    private var bodyBytes: [UInt8] {
        if let text = request["body"]?.string { return Array(text.utf8) }
        let digits = Array((request["body_hex"]?.string ?? "").utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).map { index in
            UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) ?? 0
        }
    }

    /// Keeps the values of an answer that later requests need.
    func save(_ response: HTTPResponse, into values: inout [String: String]) {
        for (name, source) in saved {
            if source.hasPrefix("header:") {
                values[name] = response.fields[String(source.dropFirst("header:".count))]
            } else {
                let value = response.json[source]
                values[name] = value?.string ?? value.map(JSONWriter.string)
            }
        }
    }

    /// Replaces `${name}`, `${name+1}` and `${name-1}`.
    private static func fill(_ text: String, _ values: [String: String]) -> String {
        var text = text
        for (name, value) in values {
            text = text.replacing("${\(name)}", with: value)
            guard let number = Int64(value) else { continue }
            text = text.replacing("${\(name)+1}", with: String(number + 1))
            text = text.replacing("${\(name)-1}", with: String(number - 1))
        }
        return text
    }
}

/// Compares an answer with a recorded one.
struct GoldenComparison {
    let step: GoldenStep

    private static let ignoredHeaders: Set<String> = [
        "date", "server", "content-length", "connection",
    ]

    /// Header fields that the reference makes of sets.
    private static let sets: Set<String> = [
        "access-control-expose-headers", "access-control-allow-headers",
    ]

    /// What differs, in words.
    func differences(_ response: HTTPResponse, method: HTTPMethod) -> [String] {
        var found: [String] = []
        if Int64(response.status) != step.status {
            found.append("status \(response.status), expected \(step.status)")
        }
        found += headerDifferences(response)
        let hasBody = method != .head && response.status != 204 && response.status != 304
        guard hasBody, let expected = try? JSONParser.parse(step.body) else { return found }
        let actual = normal(masked(response.json))
        if actual != normal(expected) {
            found.append(
                "body \(JSONWriter.string(actual)), expected "
                    + JSONWriter.string(normal(expected)))
        }
        return found
    }

    /// A body with its hashes of passwords as the recording has them: of the reference's cost, but
    /// without what is made of salt.
    private func masked(_ body: JSONValue) -> JSONValue {
        switch body {
        case .object(let object):
            return .object(JSONObject(object.members.map { ($0.key, masked($0.value)) }))
        case .array(let elements): return .array(elements.map(masked))
        case .string(let text):
            let isHash = Bcrypt.isHash(text) && text.hasPrefix("$2b$12$")
            return isHash ? "$2b$12$masked" : body
        case .null, .bool, .number: return body
        }
    }

    private func headerDifferences(_ response: HTTPResponse) -> [String] {
        var found: [String] = []
        var actual: [String: String] = [:]
        for line in response.fields.lines {
            actual[line.name.lowercased()] = response.fields[line.name]
        }
        let names = Set(actual.keys).union(step.headers.keys)
            .subtracting(GoldenComparison.ignoredHeaders)
        for name in names.sorted() {
            guard let one = actual[name], let other = step.headers[name] else {
                found.append("\(actual[name] == nil ? "lacks" : "has") header \(name)")
                continue
            }
            let pointer = "/headers/\(name)"
            if step.volatile.contains(pointer) || step.wording.contains(pointer) { continue }
            let isEqual =
                GoldenComparison.sets.contains(name)
                ? GoldenComparison.tokens(one) == GoldenComparison.tokens(other) : one == other
            if !isEqual { found.append("header \(name) is \(one), expected \(other)") }
        }
        return found
    }

    private static func tokens(_ value: String) -> Set<String> {
        Set(value.split(separator: ",").map { String($0.trimmingOptionalWhiteSpace()) })
    }

    /// A body with what varies replaced and sets sorted.
    private func normal(_ body: JSONValue) -> JSONValue {
        var body = body
        for pointer in step.volatile { body = replace(pointer, in: body) { _ in "volatile" } }
        for pointer in step.wording { body = replace(pointer, in: body, GoldenComparison.kind) }
        for pointer in step.unordered {
            body = replace(pointer, in: body) { value in
                let elements = value.array ?? []
                return .array(elements.sorted { ValueOrder.compare($0, $1) < 0 })
            }
        }
        for index in (body["/responses"]?.array ?? []).indices {
            body = body.replacing(
                ["responses", String(index), "headers", "Content-Length"], by: nil)
        }
        return body
    }

    private func replace(
        _ pointer: String, in body: JSONValue, _ change: (JSONValue) -> JSONValue
    ) -> JSONValue {
        let parts = pointer.split(separator: "/").map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
        guard parts.first == "body", let value = body[String(pointer.dropFirst(5))] else {
            return body
        }
        return body.replacing(parts.dropFirst(), by: change(value))
    }

    private static func kind(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
