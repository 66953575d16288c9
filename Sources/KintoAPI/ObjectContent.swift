// SPDX-License-Identifier: MIT

/// What a request that writes an object says, read before the transaction begins.
///
/// What is invalid is told only when it is its turn: a client that may not write at all is told
/// that first.
struct ObjectContent: Sendable {
    /// The body, unless it is a JSON patch.
    let body: ObjectBody
    /// The body if it is a JSON patch.
    let operations: PatchOperations?
    /// The preconditions.
    let preconditions: Preconditions
    /// What a client that patches wants to be told.
    let behavior: ResponseBehavior
    private let errors: ValidationErrors

    /// Reads a request.
    init(_ exchange: Exchange, kind: ResourceKind, style: ObjectBody.Style) {
        var errors = ValidationErrors()
        if style == .patch, exchange.mediaType == "application/json-patch+json" {
            operations = PatchOperations(exchange.body, errors: &errors)
            body = ObjectBody()
        } else {
            operations = nil
            body = ObjectBody(exchange.body, kind: kind, style: style, errors: &errors)
        }
        preconditions = RequestValidation(exchange).preconditions(&errors)
        switch style {
        case .replace: behavior = .full
        case .patch where exchange.body.isUnreadable: behavior = .full
        case .patch:
            behavior = ResponseBehavior(exchange.request.head.fields, errors: &errors)
        }
        self.errors = errors
    }

    /// Refuses what is invalid.
    ///
    /// - Throws: `APIError`, a 400 that tells everything invalid.
    func check() throws(APIError) { try errors.check() }
}
