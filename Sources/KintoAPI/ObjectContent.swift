// SPDX-License-Identifier: MIT

/// What a request that writes an object says, read before the transaction begins.
///
/// What is invalid is told only when it is its turn: a client that may not write at all is told
/// that first.
struct ObjectContent: Sendable {
    /// The body.
    let body: ObjectBody
    /// The preconditions.
    let preconditions: Preconditions
    /// What a client that patches wants to be told.
    let behavior: ResponseBehavior
    private let errors: ValidationErrors

    /// Reads a request.
    init(_ exchange: Exchange, kind: ResourceKind, style: ObjectBody.Style) {
        var errors = ValidationErrors()
        body = ObjectBody(exchange.body, kind: kind, style: style, errors: &errors)
        preconditions = RequestValidation(exchange).preconditions(&errors)
        switch style {
        case .replace: behavior = .full
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
