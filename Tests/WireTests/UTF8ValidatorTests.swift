// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

@Suite("A validator of UTF-8 in pieces")
struct UTF8ValidatorTests {
    /// Whether pieces can still become valid, and whether they are whole.
    private func check(_ pieces: [[UInt8]]) -> (canBeValid: Bool, isWhole: Bool) {
        var validator = UTF8Validator()
        for piece in pieces {
            guard piece.withUnsafeBytes({ validator.validate($0) }) else { return (false, false) }
        }
        return (true, validator.isAtBoundary)
    }

    @Test("agrees with Swift on every sequence of up to three critical bytes, and four")
    func everySequence() {
        let bytes: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
            0xE1,
            0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        var sequences: [[UInt8]] = [[]]
        var valid = 0
        for _ in 0..<4 {
            sequences = sequences.flatMap { start in bytes.map { start + [$0] } }
            for sequence in sequences {
                let result = check([sequence])
                let isValid = String(validating: sequence, as: UTF8.self) != nil
                valid += isValid ? 1 : 0
                guard (result.canBeValid && result.isWhole) != isValid else { continue }
                Issue.record("wrong about \(sequence)")
                return
            }
        }
        #expect(valid > 1_000)
    }

    @Test("finds the first wrong byte when it arrives")
    func failsFast() {
        for wrong in [[0xC0], [0xF5], [0xE0, 0x9F], [0xED, 0xA0], [0xF4, 0x90], [0xF0, 0x8F]] {
            let bytes = wrong.map { UInt8($0) }
            #expect(check([Array(bytes.dropLast())]).canBeValid)
            #expect(!check([bytes]).canBeValid)
            #expect(!check(bytes.map { [$0] }).canBeValid)
        }
    }

    @Test("does not care where pieces end")
    func splits() {
        let bytes = Array("aaaaaaaaé€🎉aaaaaaaaaκόσμε\u{10FFFF}".utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                #expect(check(pieces.map { Array($0) }) == (true, true))
            }
            let isBoundary = String(validating: bytes[..<first], as: UTF8.self) != nil
            #expect(check([Array(bytes[..<first])]) == (true, isBoundary))
        }
    }
}
