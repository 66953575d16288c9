// SPDX-License-Identifier: MIT

import Core
import Wire

/// What is checked in every request for objects before its method is looked at.
struct RequestValidation {
    private let exchange: Exchange

    /// Makes the checks of a request.
    init(_ exchange: Exchange) {
        self.exchange = exchange
    }

    /// Reads the preconditions and checks origin and, where the method has none, body.
    func preconditions(_ errors: inout ValidationErrors) -> Preconditions {
        exchange.corsPolicy.check(exchange.request, &errors)
        switch exchange.method {
        case .put, .patch, .post: break
        case _: _ = exchange.body.value(&errors)
        }
        let fields = exchange.body.isUnreadable ? HTTPFields() : exchange.request.head.fields
        return Preconditions(fields, errors: &errors)
    }
}
