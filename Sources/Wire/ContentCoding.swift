// SPDX-License-Identifier: MIT

extension HTTPFields {
    /// Whether a request's `Accept-Encoding` wants answers in a content coding (RFC 9110, 12.5.3):
    /// names it, or everything, with a weight above zero or without one. Without that field nothing
    /// is wanted.
    ///
    /// - Complexity: O(*n*).
    package func wants(coding: String) -> Bool {
        var everything = false
        for element in tokens("Accept-Encoding") {
            let parts = element.split(
                separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].trimmingOptionalWhiteSpace()
            let isWanted =
                parts.count == 1 || isPositiveWeight(parts[1].trimmingOptionalWhiteSpace())
            // The coding's own element counts before that of everything.
            if HTTPFields.areEqual(name, coding) { return isWanted }
            if name == "*" { everything = isWanted }
        }
        return everything
    }

    /// Whether a parameter is a weight above zero, such as `q=0.5` (RFC 9110, 12.4.2). What is no
    /// weight counts as zero: an answer that is not encoded can be read by everybody.
    private func isPositiveWeight(_ parameter: Substring) -> Bool {
        guard parameter.hasPrefix("q=") || parameter.hasPrefix("Q=") else { return false }
        let value = parameter.utf8.dropFirst(2)
        let fraction = value.dropFirst(2)
        guard value.dropFirst().first ?? UInt8(ascii: ".") == UInt8(ascii: "."), fraction.count <= 3
        else { return false }
        switch value.first {
        case UInt8(ascii: "1"): return fraction.allSatisfy { $0 == UInt8(ascii: "0") }
        case UInt8(ascii: "0"):
            return fraction.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                && fraction.contains { $0 != UInt8(ascii: "0") }
        default: return false
        }
    }
}
