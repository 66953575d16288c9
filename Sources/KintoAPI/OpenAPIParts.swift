// SPDX-License-Identifier: MIT

import Core

/// What the operations of the document have in common, referred to by name.
enum OpenAPIParts {
    /// Parameters beside those of paths.
    static let parameters: JSONObject = [
        "_limit": integer("_limit", "Objects on a page."),
        "_sort": texts("_sort", "Members to sort by; `-` before one for descending."),
        "_token": text("_token", in: "query", "Where the page begins, from `Next-Page`."),
        "_since": text("_since", in: "query", "Only what changed after this timestamp."),
        "_to": integer("_to", "Only what changed before; deprecated, use `_before`."),
        "_before": integer("_before", "Only what changed before this timestamp."),
        "id": text("id", in: "query", "Only the object of this id."),
        "last_modified": integer(
            "last_modified", "Only what has this timestamp; of a deletion, its timestamp."),
        "_fields": texts("_fields", "The members that are shown; all if not given."),
        "If-Match": tag("If-Match", "Only if nothing changed since this timestamp."),
        "If-None-Match": tag(
            "If-None-Match", "Only if something changed since; `*`: only if it is not there."),
        "Response-Behavior": [
            "name": "Response-Behavior", "in": "header", "type": "string",
            "enum": ["full", "light", "diff"], "description": "How much of the object is answered.",
        ],
        "_expected": [
            "name": "_expected", "in": "query", "type": "string", "required": true,
            "description": "The timestamp the caller knows of: caches tell answers apart by it.",
        ],
        "bucket": text("bucket", in: "query", "Only entries of this bucket."),
        "collection": text("collection", in: "query", "Only entries of collections of this name."),
        "resource": [
            "name": "resource", "in": "query", "type": "array", "items": ["type": "string"],
            "collectionFormat": "multi", "description": "Only what lies in one of these URIs.",
        ],
        "Last-Event-ID": text(
            "Last-Event-ID", in: "header", "The id of the last event that was received."),
    ]

    /// Answers that are the same everywhere.
    static let responses: JSONObject = [
        "304": ["description": "It is what the request says it has."],
        "307": ["description": "It is somewhere else.", "headers": ["Location": string]],
        "400": error("The request is invalid; `details` says where."),
        "401": error("Only who says who they are may."),
        "403": error("This user may not, or what lies above is not there."),
        "404": error("It is not there."),
        "406": error("The answer would be JSON, which the request does not accept."),
        "412": error("It was changed, or it is there already."),
        "415": error("The body has a media type that is not read."),
        "426": error("There is a WebSocket only."),
        "503": error("The server cannot now; `Retry-After` says when."),
        "default": error("Something else was wrong."),
    ]

    /// The shapes of bodies.
    static let definitions: JSONObject = [
        "Anything": anything, "ErrorSchema": errorSchema,
        "ObjectSchema": object(["data": anything, "permissions": permissions]),
        "ListSchema": object(["data": list(anything)]),
        "TombstoneSchema": object([
            "data": object(["id": string, "last_modified": number, "deleted": boolean])
        ]),
        "ChangesetSchema": object([
            "metadata": anything, "timestamp": number, "changes": list(anything),
        ]),
        "BatchPayloadSchema": object(
            ["defaults": request, "requests": list(request)], required: ["requests"]),
        "BatchResponseBodySchema": object(
            [
                "responses": list(
                    object(
                        [
                            "status": number, "path": string, "headers": anything,
                            "body": anything,
                        ], required: ["status", "path"]))
            ], required: ["responses"]),
    ]

    /// The fields of answers that have a timestamp.
    static let timestampFields: JSONValue = ["ETag": string, "Last-Modified": string]

    private static let string: JSONValue = ["type": "string"]
    private static let number: JSONValue = ["type": "integer"]
    private static let boolean: JSONValue = ["type": "boolean"]
    private static let anything: JSONValue = ["type": "object", "additionalProperties": [:]]
    private static let permissions: JSONValue = [
        "type": "object", "additionalProperties": list(string),
    ]
    private static let request = object([
        "method": string, "path": string, "headers": anything, "body": anything,
    ])
    private static let errorSchema = object(
        [
            "code": number, "errno": number, "error": string, "message": string, "info": string,
            "details": [:],
        ], required: ["code", "errno", "error"])

    private static func list(_ items: JSONValue) -> JSONValue {
        ["type": "array", "items": items]
    }

    private static func object(
        _ properties: JSONValue, required: [String] = []
    ) -> JSONValue {
        var schema: JSONObject = ["type": "object", "properties": properties]
        if !required.isEmpty { schema["required"] = .array(required.map(JSONValue.string)) }
        return .object(schema)
    }

    private static func error(_ description: String) -> JSONValue {
        ["description": .string(description), "schema": ["$ref": "#/definitions/ErrorSchema"]]
    }

    private static func text(_ name: String, in place: String, _ description: String) -> JSONValue {
        [
            "name": .string(name), "in": .string(place), "type": "string",
            "description": .string(description),
        ]
    }

    private static func integer(_ name: String, _ description: String) -> JSONValue {
        [
            "name": .string(name), "in": "query", "type": "integer", "minimum": .integer(0),
            "description": .string(description),
        ]
    }

    private static func texts(_ name: String, _ description: String) -> JSONValue {
        [
            "name": .string(name), "in": "query", "type": "array", "items": string,
            "description": .string(description),
        ]
    }

    private static func tag(_ name: String, _ description: String) -> JSONValue {
        [
            "name": .string(name), "in": "header", "type": "string",
            "pattern": "^\"([0-9]+?)\"$|\\*", "description": .string(description),
        ]
    }
}
