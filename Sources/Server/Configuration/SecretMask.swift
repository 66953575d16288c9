// SPDX-License-Identifier: MIT

/// Hides secrets from what is printed: the operator's terminal ends in tickets and screenshots.
enum SecretMask {
    private static let mask = "********"
    private static let secretWords = ["secret", "password", "passwd", "token", "dsn", "credential"]

    /// The value of a setting as it may be shown.
    ///
    /// A setting whose name speaks of a secret is hidden whole. In any other, the passwords in
    /// URLs and in their queries are.
    ///
    /// - Complexity: O(length of `value`).
    static func masked(_ value: String, of name: String) -> String {
        let lowercased = name.lowercased()
        if secretWords.contains(where: lowercased.contains), !lowercased.hasSuffix("_seconds") {
            return value.isEmpty ? "" : mask
        }
        guard value.contains("://") else { return value }
        let separators: Set<Character> = [" ", "\n", "\t"]
        var result = ""
        var word = ""
        for character in value {
            if separators.contains(character) {
                result += maskedURL(word) + String(character)
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + maskedURL(word)
    }

    private static func maskedURL(_ word: String) -> String {
        guard let scheme = word.firstRange(of: "://") else { return word }
        var head = String(word[..<scheme.upperBound])
        var rest = word[scheme.upperBound...]
        // The last sign counts: a password may hold any of the signs of a URL, unescaped.
        if let at = rest.lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") {
            head += rest[...colon] + mask
            rest = rest[at...]
        }
        guard let query = rest.firstIndex(of: "?") else { return head + rest }
        let parameters = rest[query...].dropFirst().split(
            separator: "&", omittingEmptySubsequences: false
        ).map { parameter -> String in
            guard let equals = parameter.firstIndex(of: "=") else { return String(parameter) }
            let name = parameter[..<equals].lowercased()
            return secretWords.contains(where: name.contains)
                ? parameter[...equals] + mask : String(parameter)
        }
        return head + rest[...query] + parameters.joined(separator: "&")
    }
}
