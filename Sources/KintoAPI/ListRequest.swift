// SPDX-License-Identifier: MIT

import Core

/// The headers and query of a request for a list, valid.
struct ListRequest {
    /// The preconditions.
    let preconditions: Preconditions
    private let parameters: ListParameters
    private let exchange: Exchange
    private let known: KnownFields

    /// Reads a request.
    ///
    /// - Throws: `APIError`, a 400 that tells everything invalid.
    init(_ exchange: Exchange, known: KnownFields, allowsFields: Bool) throws(APIError) {
        var errors = ValidationErrors()
        let query = try RequestQuery(exchange.request.head.query)
        preconditions = RequestValidation(exchange).preconditions(&errors)
        var parameters = ListParameters(query, errors: &errors)
        if !allowsFields { parameters.fields = [] }
        self.parameters = parameters
        self.exchange = exchange
        self.known = known
        try errors.check()
    }

    /// The list that is asked for.
    ///
    /// - Throws: `APIError`, a 400 about a filter, a sort key or a field.
    func query() throws(APIError) -> ListQuery {
        try ListQuery(parameters, known: known, settings: exchange.settings, now: exchange.now)
    }

    /// The list that is asked for, its filters such as its objects need them.
    ///
    /// - Throws: `APIError`, a 400 about a filter, a sort key or a field.
    func query(of list: ListAddress) throws(APIError) -> ListQuery {
        var query = try query()
        if list.kind == .history { query.filters = query.filters.map(HistoryFields.filter) }
        return query
    }

    /// Where the page begins, nil for the first page.
    ///
    /// - Throws: `APIError`, a 400 if the token is none.
    func token() throws(APIError) -> PageToken? {
        guard let text = parameters.token else { return nil }
        guard let token = PageToken(text) else {
            throw .invalid(.query, nil, "_token has invalid content")
        }
        return token
    }
}
