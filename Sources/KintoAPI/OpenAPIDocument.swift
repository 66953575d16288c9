// SPDX-License-Identifier: MIT
//
// The document of `/__api__`, made of the rows of the route table, so that it tells what is there
// and nothing else. Its format is OpenAPI 2.0 ("Swagger"), as the reference's: clients that are
// generated from that document, or read it when they start, know no other, and look for `basePath`,
// `operationId` and `securityDefinitions` where that version has them. Version 3 would say nothing
// more about this API that they could use.

import Core
import Wire

/// The description of the API for programs.
struct OpenAPIDocument: Sendable {
    private let paths: JSONObject
    private let tags: [JSONValue]

    /// Makes the document of some endpoints.
    ///
    /// - Complexity: O(number of operations).
    init(endpoints: [Endpoint], settings: KintoSettings) {
        var paths = JSONObject()
        var tags: [String] = []
        for endpoint in endpoints {
            var operations: JSONObject = [:]
            if !endpoint.variableNames.isEmpty {
                operations["parameters"] = .array(
                    endpoint.variableNames.map { name in
                        [
                            "name": .string(name), "in": "path", "required": true,
                            "type": "string",
                        ]
                    })
            }
            for operation in endpoint.operations
            where endpoint.methods.contains(operation.method) {
                let name = operation.method.name.lowercased()
                operations[name] = OpenAPIDocument.describe(operation, settings: settings)
                if !tags.contains(operation.tag) { tags.append(operation.tag) }
            }
            paths[endpoint.template] = .object(operations)
        }
        self.paths = paths
        self.tags = tags.map { ["name": .string($0)] }
    }

    /// The document as it tells of a service.
    ///
    /// - Complexity: O(size of the document).
    func json(_ service: ServiceDescription) -> JSONValue {
        [
            "swagger": "2.0",
            "info": ["title": .string(service.title), "version": .string(service.version)],
            "host": .string(service.host), "basePath": .string(service.basePath),
            "schemes": [.string(service.scheme)],
            "securityDefinitions": service.hasBasicAuth ? ["basicauth": ["type": "basic"]] : [:],
            "tags": .array(tags), "paths": .object(paths),
            "parameters": .object(OpenAPIParts.parameters),
            "responses": .object(OpenAPIParts.responses),
            "definitions": .object(OpenAPIParts.definitions),
        ]
    }

    private static func describe(_ operation: Operation, settings: KintoSettings) -> JSONValue {
        let form = operation.form
        var described: JSONObject = [
            "operationId": .string(operation.id), "summary": .string(operation.summary),
            "tags": [.string(operation.tag)],
            "produces": .array(form.produces.map(JSONValue.string)),
            "security": form.asksForUser && settings.hasBasicAuth ? [["basicauth": []]] : [],
            "responses": .object(answers(of: form, summary: operation.summary)),
        ]
        if let description = form.description { described["description"] = .string(description) }
        var parameters = form.parameters.map { name -> JSONValue in
            ["$ref": .string("#/parameters/\(name)")]
        }
        if let body = form.body {
            parameters.append([
                "name": .string(body), "in": "body",
                "schema": ["$ref": .string("#/definitions/\(body)")],
            ])
            described["consumes"] = .array(form.consumes.map(JSONValue.string))
        }
        if !parameters.isEmpty { described["parameters"] = .array(parameters) }
        return .object(described)
    }

    private static func answers(of form: OperationForm, summary: String) -> JSONObject {
        var answers = JSONObject()
        for (status, definition) in form.answers {
            var answer: JSONObject = ["description": .string("\(summary).")]
            if let definition {
                answer["schema"] = ["$ref": .string("#/definitions/\(definition)")]
            }
            if form.asksForUser, definition != nil {
                answer["headers"] = OpenAPIParts.timestampFields
            }
            answers[String(status)] = .object(answer)
        }
        for status in form.otherStatuses.map(String.init) + ["default"] {
            answers[status] = ["$ref": .string("#/responses/\(status)")]
        }
        return answers
    }
}
