// SPDX-License-Identifier: MIT

import Core

extension UtilityEndpoint {
    /// Who makes this program and how to take part: the reference's document has the same shape
    /// (<https://www.contributejson.org/>).
    func contribute() -> Reply {
        Reply(json: [
            "name": "Heliograph",
            "description": .string(
                "Kinto's HTTP API with collection changes streamed over Server-Sent Events and "
                    + "WebSocket."),
            "repository": ["license": "MIT"],
            "participate": [
                "home": .string(exchange.settings.projectDocs),
                "docs": .string(exchange.settings.projectDocs),
            ],
            "bugs": [
                "list": .string(exchange.settings.errorInfoLink),
                "report": .string(exchange.settings.errorInfoLink),
            ],
            "keywords": ["JSON", "Swift", "REST", "API", "SSE", "WebSocket"],
        ])
    }
}
