// SPDX-License-Identifier: MIT
//
// Replays recorded exchanges of the reference, a real Kinto, and compares every answer. The
// recordings lie beside the repository; where they do not, these tests are skipped.

import Core
import Foundation
import Testing
import Wire

@testable import KintoAPI

/// The recordings on this machine.
enum GoldenData {
    static let topics = [
        "root", "objects", "preconditions", "queries", "patch", "errors", "batch", "cors",
        "changes", "plugins",
    ]

    /// `../shared/kinto-golden`, from the root of the package.
    static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/kinto-golden")

    static let isPresent = FileManager.default.fileExists(
        atPath: directory.appending(path: "root.jsonl").path)

    /// The names of all scenarios, by topic.
    static let scenarios: [Scenario] = topics.flatMap { topic -> [Scenario] in
        var names: [String] = []
        for line in lines(topic) {
            let name = (try? JSONParser.parse(line))?["/scenario"]?.string ?? ""
            if !names.contains(name) { names.append(name) }
        }
        return names.map { Scenario(topic: topic, name: $0) }
    }

    static func steps(_ scenario: Scenario) throws -> [GoldenStep] {
        try lines(scenario.topic).filter { line in
            try JSONParser.parse(line)["/scenario"]?.string == scenario.name
        }.compactMap { try GoldenStep($0) }
    }

    private static func lines(_ topic: String) -> [String] {
        let file = directory.appending(path: "\(topic).jsonl")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}

/// The steps of one story, on a server of its own.
struct Scenario: Sendable, CustomTestStringConvertible {
    let topic: String
    let name: String

    var testDescription: String { "\(topic)/\(name)" }
}

/// What differs from the reference on purpose.
enum DeliberateDifference {
    /// Steps that are not replayed, with the reason; nil stands for the whole scenario.
    static let skipped: [(scenario: String, steps: Set<Int64>?, reason: String)] = [
        ("objects/schema", nil, "records are not validated; asking for it is refused at start")
    ]

    /// Settings that are refused or that choose the recorded behaviour.
    static func adapt(_ settings: [String: String]) -> [String: String] {
        var settings = settings
        settings["kinto.experimental_collection_schema_validation"] = nil
        settings["kinto.project_version"] = "26.5.0"
        // The recordings are of a server that never answers 304 for the list of changes.
        settings["heliograph.changes.not_modified"] = "200"
        return settings
    }

    /// Our own capability is left out of the comparison.
    static func adapt(_ response: HTTPResponse) -> HTTPResponse {
        guard response.json["/capabilities/streams"] != nil else { return response }
        let body = response.json.replacing(["capabilities", "streams"], by: nil)
        return HTTPResponse(
            status: response.status, fields: response.fields, body: JSONWriter.bytes(body))
    }

    /// What the reference says of itself, and what it has and we have not, is left out too.
    static func adapt(_ step: GoldenStep, of scenario: Scenario) -> GoldenStep {
        var step = step
        switch (scenario.testDescription, step.number) {
        case ("root/root", 14):
            // The reference tells about its own project; that it is an object is compared.
            step.wording.insert("/body")
        case ("root/root-settings", 0):
            // Validation of records is not there.
            if let body = try? JSONParser.parse(step.body) {
                step.body = JSONWriter.string(
                    body.replacing(["capabilities", "schema"], by: nil))
            }
        case (_, _): break
        }
        return step
    }

    static func isSkipped(_ scenario: Scenario, _ step: GoldenStep) -> Bool {
        skipped.contains { entry in
            entry.scenario == scenario.testDescription
                && entry.steps?.contains(step.number) ?? true
        }
    }
}

@Suite(
    "The API answers as the reference did",
    .enabled(if: GoldenData.isPresent, "the recordings are not beside the repository"))
struct GoldenTests {
    @Test("in every step, its objects in memory, of", arguments: GoldenData.scenarios)
    func memory(_ scenario: Scenario) async throws {
        try await replay(scenario, file: nil)
    }

    @Test("in every step, its objects in a file, of", arguments: GoldenData.scenarios)
    func file(_ scenario: Scenario) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "heliograph-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await replay(scenario, file: directory.appending(path: "golden.db").path)
    }

    private func replay(_ scenario: Scenario, file: String?) async throws {
        let steps = try GoldenData.steps(scenario)
        let first = try #require(steps.first)
        let server = try TestServer(
            DeliberateDifference.adapt(first.settings), file: file,
            hashCost: Limits.passwordHashCost)
        var values: [String: String] = [:]
        for recorded in steps where !recorded.isQuirk {
            let step = DeliberateDifference.adapt(recorded, of: scenario)
            guard !DeliberateDifference.isSkipped(scenario, step) else { continue }
            let request = step.request(values)
            let response = DeliberateDifference.adapt(await server.send(request))
            step.save(response, into: &values)
            let found = GoldenComparison(step: step)
                .differences(response, method: request.head.method)
            #expect(found.isEmpty, "step \(step.number), \(step.name): \(found)")
        }
    }
}
