// SPDX-License-Identifier: MIT

extension HTTPFields {
    /// Whether a request's `Accept-Encoding` wants answers in a content coding (RFC 9110, 12.5.3):
    /// names it, or everything, with a weight above zero. Without that field nothing is wanted.
    ///
    /// - Complexity: O(*n*).
    package func wants(coding: String) -> Bool {
        var everything = false
        for element in tokens("Accept-Encoding") {
            let parts = element.split(separator: ";").map { $0.trimmingOptionalWhiteSpace() }
            guard let name = parts.first else { continue }
            let isWanted = !parts.dropFirst().contains { isZeroWeight($0) }
            // The coding's own element counts before that of everything.
            if HTTPFields.areEqual(name, coding) { return isWanted }
            if name == "*" { everything = isWanted }
        }
        return everything
    }

    /// Whether a parameter is `q=0`, which may have three more zeros (RFC 9110, 12.4.2).
    private func isZeroWeight(_ parameter: Substring) -> Bool {
        let bytes = parameter.utf8
        guard let name = bytes.first, name == UInt8(ascii: "q") || name == UInt8(ascii: "Q") else {
            return false
        }
        return ["=0", "=0.", "=0.0", "=0.00", "=0.000"].contains(parameter.dropFirst())
    }
}
