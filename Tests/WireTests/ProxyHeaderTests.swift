// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

/// The bytes of a header, as a proxy would write them.
private func header(
    version: UInt8 = 2, command: UInt8 = 1, family: UInt8 = 0x11,
    _ block: [UInt8] = [192, 0, 2, 7, 10, 0, 0, 1, 0xC0, 0, 0, 80], length: Int? = nil
) -> [UInt8] {
    let count = length ?? block.count
    return [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
        + [version << 4 | command, family, UInt8(count >> 8), UInt8(count & 255)] + block
}

private func parse(_ bytes: [UInt8]) -> ProxyHeader.Step {
    bytes.withUnsafeBytes { ProxyHeader.parse($0) }
}

@Suite("The header of a proxy")
struct ProxyHeaderTests {
    private static let client = PeerAddress.ipv4(0xC000_0207)
    private static let six: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]

    @Test("tells who connected to the proxy, whatever the transport")
    func sources() {
        #expect(parse(header()) == .complete(byteCount: 28, source: Self.client))
        #expect(parse(header(family: 0x12)) == .complete(byteCount: 28, source: Self.client))
        let source = PeerAddress.ipv6(high: 0x2001_0DB8 << 32, low: 1)
        let block = Self.six + Self.six + [0, 1, 0, 2]
        #expect(parse(header(family: 0x21, block)) == .complete(byteCount: 52, source: source))
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 7]
        #expect(
            parse(header(family: 0x22, mapped + Self.six + [0, 1, 0, 2]))
                == .complete(byteCount: 52, source: Self.client))
    }

    @Test("tells nobody for the proxy's own connections, and for kinds that are not addresses")
    func nobody() {
        let nobody = { ProxyHeader.Step.complete(byteCount: $0, source: nil) }
        #expect(parse(header(command: 0, family: 0, [])) == nobody(16))
        // "Receivers must discard the protocol block including the family."
        #expect(parse(header(command: 0)) == nobody(28))
        #expect(parse(header(command: 0, [1, 2, 3])) == nobody(19))
        #expect(parse(header(family: 0, [])) == nobody(16))
        #expect(parse(header(family: 0, [1, 2, 3])) == nobody(19))
        #expect(parse(header(family: 0x10, [])) == nobody(16))
        #expect(parse(header(family: 0x01, [])) == nobody(16))
        #expect(parse(header(family: 0x31, [UInt8](repeating: 65, count: 216))) == nobody(232))
    }

    @Test("is read at its last byte, not before, and takes nothing of what follows")
    func pieces() {
        let extra: [UInt8] = [0x04, 0, 1, 0xFF, 0x02, 0, 3, 97, 98, 99]
        let block: [UInt8] = [192, 0, 2, 7, 10, 0, 0, 1, 0xC0, 0, 0, 80] + extra
        let bytes = header(block)
        for count in bytes.indices { #expect(parse(Array(bytes[..<count])) == .needMoreBytes) }
        let complete = ProxyHeader.Step.complete(byteCount: bytes.count, source: Self.client)
        #expect(parse(bytes) == complete)
        #expect(parse(bytes + Array("GET / HTTP/1.1\r\n".utf8)) == complete)
        #expect(parse(bytes + bytes) == complete)
    }

    @Test("is refused at its first wrong byte")
    func signature() {
        let bytes = header()
        for place in 0..<12 {
            var wrong = Array(bytes[...place])
            wrong[place] ^= 0x20
            #expect(parse(wrong) == .failed(.absent))
        }
        #expect(parse(Array("GET / HTTP/1.1\r\n".utf8)) == .failed(.absent))
        #expect(parse([0x16, 3, 1]) == .failed(.absent))
    }

    @Test("of version 1 is told from other things")
    func version1() {
        let text = Array("PROXY TCP4 192.0.2.7 10.0.0.1 49152 80\r\n".utf8)
        #expect(parse(text) == .failed(.version1))
        #expect(parse(Array(text[..<6])) == .failed(.version1))
        for count in 0..<6 { #expect(parse(Array(text[..<count])) == .needMoreBytes) }
        #expect(parse(Array("PROXIED".utf8)) == .failed(.absent))
        #expect(parse(Array("PUT /".utf8)) == .failed(.absent))
    }

    @Test("has only the versions, commands and kinds of address that there are")
    func unknown() {
        for version: UInt8 in 0...15 where version != 2 {
            #expect(parse(header(version: version)) == .failed(.unknownVersion))
        }
        for command: UInt8 in 2...15 {
            #expect(parse(header(command: command)) == .failed(.unknownCommand))
        }
        for family: UInt8 in 0...255 where family >> 4 > 3 || family & 15 > 2 {
            #expect(parse(header(family: family)) == .failed(.unknownFamily))
            #expect(parse(header(command: 0, family: family)) == .failed(.unknownFamily))
        }
    }

    @Test(
        "has room for its addresses",
        arguments: [
            (UInt8(0x11), 12), (0x12, 12), (0x21, 36), (0x22, 36), (0x31, 216), (0x32, 216),
        ])
    func tooShort(family: UInt8, count: Int) {
        let block = [UInt8](repeating: 7, count: count)
        #expect(parse(header(family: family, Array(block.dropLast()))) == .failed(.tooShort))
        #expect(parse(header(family: family, [], length: 0)) == .failed(.tooShort))
        guard case .complete(count + 16, _) = parse(header(family: family, block)) else {
            Issue.record("\(family)")
            return
        }
    }

    @Test("has an end, which is known from its first bytes")
    func tooLong() {
        let most = Limits.proxyHeaderBytesMax - 16
        let block = [UInt8](repeating: 1, count: most)
        guard case .complete(Limits.proxyHeaderBytesMax, _) = parse(header(block)) else {
            Issue.record("the longest is refused")
            return
        }
        #expect(parse(header([], length: most)) == .needMoreBytes)
        #expect(parse(header([], length: most + 1)) == .failed(.tooLong))
        #expect(parse(header(command: 0, [], length: 65_535)) == .failed(.tooLong))
    }

    @Test("is told to the operator when it is wrong, and what to do about version 1")
    func messages() {
        #expect(ProxyHeaderError.version1.description.contains("send-proxy-v2"))
        #expect(ProxyHeaderError.tooLong.description.contains("4096"))
    }

    @Test("of any bytes is refused, awaited or read, and never longer than what is there")
    func randomBytes() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = header()
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 12..<bytes.count, using: &random)
                bytes[place] = .random(in: .min ... .max, using: &random)
            }
            bytes = Array(bytes[..<Int.random(in: 12...bytes.count, using: &random)])
            if case .complete(let count, _) = parse(bytes) { #expect(count <= bytes.count) }
        }
    }
}
