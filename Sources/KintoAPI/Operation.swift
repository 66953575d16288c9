// SPDX-License-Identifier: MIT

import Wire

/// What documents tell about a method of an endpoint.
struct Operation: Sendable {
    /// The method.
    let method: HTTPMethod
    /// The name that client generators give it. Where the reference has one, it is the same.
    let id: String
    /// What it does, in a few words.
    let summary: String
    /// What it belongs to.
    let tag: String
    /// What its requests and answers look like.
    let form: OperationForm

    /// Makes the description of a method.
    init(
        _ method: HTTPMethod, _ id: String, _ summary: String, tag: String = "Utilities",
        _ form: OperationForm = .plain
    ) {
        self.method = method
        self.id = id
        self.summary = summary
        self.tag = tag
        self.form = form
    }
}
