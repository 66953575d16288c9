// SPDX-License-Identifier: MIT
//
// Where a request came from, when proxies passed it on. Each proxy adds whom it got the request
// from at the right end of `Forwarded` (RFC 7239) or `X-Forwarded-For`, so the fields are read from
// the right, as long as what they name is a trusted proxy itself; the first that is not is the
// client. What stands left of it may be the client's invention, and is not looked at: neither can
// it be malformed in a way that matters, such as a quotation mark that never closes.
//
// Both fields: most proxies write one of them and pass the other one on as the client sent it. So
// neither wins. If both name a client, they must name the same; if not, one of them is invented,
// nobody knows which, and the address is doubtful. Rejected: a preference, which hands the choice
// of its address to every client behind a proxy that writes the other field.

import Core

/// Who sent a request, as far as it can be known.
package enum ClientAddress: Hashable, Sendable {
    /// An address.
    case known(PeerAddress)
    /// Trusted proxies do not tell it.
    case withheld
    /// The fields are malformed or contradict each other, so that the client may have written them.
    case doubtful
}

extension ClientAddress {
    /// Finds out who sent a request that came from a trusted proxy.
    ///
    /// For example, with `10.0.0.0/8` trusted, one with
    /// `X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.0.0.2` was sent by 192.0.2.7.
    ///
    /// - Parameters:
    ///   - fields: The request's header fields. Those of a peer that is not trusted do not count.
    ///   - proxies: Whose word counts.
    /// - Complexity: O(length of the fields).
    package init(of fields: HTTPFields, trusting proxies: TrustedProxies) {
        let standard = Trace(fields, "Forwarded", Hop.init(forwarded:), trusting: proxies)
        let customary = Trace(fields, "X-Forwarded-For", Hop.init(forwardedFor:), trusting: proxies)
        self = standard.combined(with: customary)
    }
}

/// One node that a request came from, as the next proxy wrote it.
private enum Hop: Equatable {
    /// A node with an address.
    case address(PeerAddress)
    /// A node that the proxy hides (RFC 7239, sections 6.2 and 6.3).
    case hidden
    /// Nothing that a proxy would write.
    case malformed
}

/// Where one field leads.
private enum Trace: Equatable {
    /// Nowhere: there is no such field.
    case absent
    /// To trusted proxies only; the farthest of them.
    case proxies(PeerAddress)
    /// To a client.
    case client(PeerAddress)
    /// To a node that is hidden.
    case hidden
    /// To something that no proxy wrote, or through more nodes than can be.
    case doubtful

    init(
        _ fields: HTTPFields, _ name: String, _ hop: (Substring.UTF8View) -> Hop,
        trusting proxies: TrustedProxies
    ) {
        self = .absent
        let value = fields[name] ?? ""
        var rest = value.utf8[...]
        for _ in 0..<Limits.forwardedHopsMax {
            guard let element = ListElement.removeLast(from: &rest) else { return }
            switch hop(element) {
            case .address(let address):
                guard proxies.contains(address) else {
                    self = .client(address)
                    return
                }
                self = .proxies(address)
            case .hidden:
                self = .hidden
                return
            case .malformed:
                self = .doubtful
                return
            }
        }
        self = .doubtful
    }

    func combined(with other: Trace) -> ClientAddress {
        switch (self, other) {
        case (.absent, .absent), (.hidden, .hidden): .withheld
        case (.absent, let one), (let one, .absent): one.alone
        // A request of a proxy's own, or that it got from one whose word counts.
        case (.proxies, let one), (let one, .proxies): one.alone
        case (.client(let one), .client(let other)) where one == other: .known(one)
        case (.client, _), (.hidden, _), (.doubtful, _): .doubtful
        }
    }

    private var alone: ClientAddress {
        switch self {
        case .absent, .hidden: .withheld
        case .proxies(let address), .client(let address): .known(address)
        case .doubtful: .doubtful
        }
    }
}

/// The elements of a comma-separated list, from the right. Commas within quotation marks separate
/// nothing.
private enum ListElement {
    /// Takes the last element that is not empty off a list; nil if there is none.
    ///
    /// - Complexity: O(length of the element).
    static func removeLast(from list: inout Substring.UTF8View) -> Substring.UTF8View? {
        while !list.isEmpty {
            var start = list.endIndex
            var isQuoted = false
            while start > list.startIndex {
                let before = list.index(before: start)
                if list[before] == UInt8(ascii: ","), !isQuoted { break }
                if list[before] == UInt8(ascii: "\""), !(isQuoted && isEscaped(before, in: list)) {
                    isQuoted.toggle()
                }
                start = before
            }
            let element = trimmed(list[start...])
            list = list[..<(start > list.startIndex ? list.index(before: start) : start)]
            if !element.isEmpty { return element }
        }
        return nil
    }

    /// Whether an odd number of backslashes stands before a place.
    private static func isEscaped(
        _ place: Substring.UTF8View.Index, in text: Substring.UTF8View
    ) -> Bool {
        var count = 0
        var place = place
        while place > text.startIndex {
            place = text.index(before: place)
            guard text[place] == UInt8(ascii: "\\") else { break }
            count += 1
        }
        return !count.isMultiple(of: 2)
    }

    /// The part without white space at its ends.
    static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text
        while let first = text.first, Byte.isWhiteSpace(first) { text = text.dropFirst() }
        while let last = text.last, Byte.isWhiteSpace(last) { text = text.dropLast() }
        return text
    }
}

extension Hop {
    /// Reads an element of `Forwarded`: pairs of a name and a token or quoted text, separated by
    /// semicolons (RFC 7239, section 4), of which `for` names the node.
    ///
    /// As some proxies leave the quotation marks out where they are due, a value without them may
    /// have any visible character that does not end it.
    init(forwarded element: Substring.UTF8View) {
        var rest = element
        var node: [UInt8]?
        while true {
            rest = rest.drop(while: Byte.isWhiteSpace)
            if let first = rest.first, first != Hop.semicolon {
                guard let (name, value) = Hop.removePair(from: &rest) else {
                    self = .malformed
                    return
                }
                if HTTPFields.haveEqualBytes(name, "for".utf8) {
                    guard node == nil else {
                        self = .malformed
                        return
                    }
                    node = value
                }
            }
            rest = rest.drop(while: Byte.isWhiteSpace)
            guard let next = rest.popFirst() else { break }
            guard next == Hop.semicolon else {
                self = .malformed
                return
            }
        }
        // A proxy need not tell (section 5.2).
        self = node.map { Hop(node: $0) } ?? .hidden
    }

    /// Reads an element of `X-Forwarded-For`: an address, with or without a port. `unix:` is
    /// nginx's word for a peer on a socket file, `unknown` Squid's for one it hides.
    init(forwardedFor element: Substring.UTF8View) {
        let text = Substring(element)
        if text == "unix:" {
            self = .address(.unix)
        } else if let address = PeerAddress(numeric: text) {
            self = .address(address)
        } else {
            self = Hop(node: Array(element))
        }
    }

    /// Reads a node: an address or what stands for one, and a port (RFC 7239, section 6).
    private init(node: [UInt8]) {
        var name = node[...]
        if name.first == UInt8(ascii: "[") {
            guard let end = name.firstIndex(of: UInt8(ascii: "]")),
                Hop.isPort(name[(end + 1)...]),
                let address = PeerAddress(
                    numeric: String(decoding: name[1..<end], as: UTF8.self)),
                name[1..<end].contains(UInt8(ascii: ":"))
            else {
                self = .malformed
                return
            }
            self = .address(address)
            return
        }
        if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
            guard Hop.isPort(name[colon...]) else {
                self = .malformed
                return
            }
            name = name[..<colon]
        }
        if Hop.isObfuscated(name) || HTTPFields.haveEqualBytes(name, "unknown".utf8) {
            self = .hidden
        } else if let address = PeerAddress(numeric: String(decoding: name, as: UTF8.self)) {
            self = .address(address)
        } else {
            self = .malformed
        }
    }

    private static let semicolon = UInt8(ascii: ";")

    /// Takes `name=value` or `name="value"` off the front.
    private static func removePair(
        from text: inout Substring.UTF8View
    ) -> (name: Substring.UTF8View, value: [UInt8])? {
        let name = text.prefix(while: ByteClass.token.contains)
        text = text.dropFirst(name.count)
        guard !name.isEmpty, text.popFirst() == UInt8(ascii: "=") else { return nil }
        guard text.first == UInt8(ascii: "\"") else {
            let value = text.prefix {
                $0 != semicolon && $0 != UInt8(ascii: "\"") && $0 > 0x20 && $0 < 0x7F
            }
            text = text.dropFirst(value.count)
            return value.isEmpty ? nil : (name, Array(value))
        }
        text = text.dropFirst()
        var value: [UInt8] = []
        while let byte = text.popFirst() {
            if byte == UInt8(ascii: "\"") { return (name, value) }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = text.popFirst() else { return nil }
                value.append(escaped)
            } else {
                value.append(byte)
            }
        }
        return nil
    }

    /// Whether a text is nothing, or a colon and a port: digits, or what stands for them.
    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first else { return true }
        let port = text.dropFirst()
        guard first == UInt8(ascii: ":") else { return false }
        return isObfuscated(port)
            || (1...5).contains(port.count) && port.allSatisfy { Byte.decimalValue($0) != nil }
    }

    /// Whether a text stands for something that is not told: an underscore, then letters, digits,
    /// dots, underscores and hyphens.
    private static func isObfuscated(_ text: ArraySlice<UInt8>) -> Bool {
        text.count > 1 && text.first == UInt8(ascii: "_")
            && text.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
