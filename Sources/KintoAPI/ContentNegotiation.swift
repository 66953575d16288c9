// SPDX-License-Identifier: MIT

import Wire

/// What can be told about a request's content without reading it (RFC 9110, section 8.3 and 12.5).
extension Exchange {
    /// The media type of the body (see `HTTPRequest.mediaType`).
    var mediaType: String { request.mediaType }

    /// Refuses a request for another type than JSON.
    ///
    /// - Throws: `APIError`, a 406.
    func requireAcceptsJSON() throws(APIError) {
        guard !acceptsJSON else { return }
        var errors = ValidationErrors()
        errors.add(.header, "Accept", "Accept header should be one of ['application/json']")
        throw errors.error(status: 406, isRaised: true)
    }

    /// Refuses a body that is not of one of `types`; an untold type is one of them.
    ///
    /// - Throws: `APIError`, a 415.
    func requireContentType(_ types: [String]) throws(APIError) {
        let mediaType = mediaType
        guard !mediaType.isEmpty, !types.contains(mediaType) else { return }
        var errors = ValidationErrors()
        let list = types.map { "'\($0)'" }.joined(separator: ", ")
        errors.add(.header, "Content-Type", "Content-Type header should be one of [\(list)]")
        throw errors.error(status: 415, isRaised: true)
    }

    /// Whether the most particular range that JSON falls into has a weight above zero.
    private var acceptsJSON: Bool {
        let ranges = request.head.fields.tokens("Accept")
        guard !ranges.isEmpty else { return true }
        var best: (particularity: Int, weight: Bool) = (0, false)
        for range in ranges {
            let parts = range.split(separator: ";").map { $0.trimmingOptionalWhiteSpace() }
            guard let type = parts.first?.lowercased() else { continue }
            let particularity: Int
            switch type {
            case "application/json": particularity = 3
            case "application/*": particularity = 2
            case "*/*", "*": particularity = 1
            case _: continue
            }
            let weight = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }
            let isWanted = weight.map { Double($0.dropFirst(2)) ?? 1 > 0 } ?? true
            if particularity >= best.particularity {
                best = (
                    particularity,
                    isWanted || particularity == best.particularity && best.weight
                )
            }
        }
        return best.weight
    }
}

extension HTTPRequest {
    /// The media type of the body, in lower case and without parameters; empty if not told.
    var mediaType: String {
        let value = head.fields["Content-Type"] ?? ""
        // What nearly every client sends has nothing to be cut off.
        if value.isEmpty || value == "application/json" { return value }
        return String(value.prefix { $0 != ";" }.trimmingOptionalWhiteSpace()).lowercased()
    }

    /// Whether the body is to be read as JSON.
    var hasJSONBody: Bool {
        let type = mediaType
        return type.isEmpty || type.hasPrefix("application/") && type.hasSuffix("json")
    }
}
