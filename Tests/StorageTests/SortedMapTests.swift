// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Storage

@Suite("A sorted map")
struct SortedMapTests {
    /// Small deterministic numbers (a linear congruential generator).
    private struct Numbers {
        var state: UInt64
        mutating func next(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }

    @Test("agrees with a dictionary through random changes", arguments: [1, 2, 3])
    func model(seed: UInt64) {
        var numbers = Numbers(state: seed)
        var map = SortedMap<Int, Int>()
        var model: [Int: Int] = [:]
        for step in 0..<20_000 {
            let key = numbers.next(below: 3_000)
            if numbers.next(below: 3) == 0 {
                map[key] = nil
                model[key] = nil
            } else {
                map[key] = step
                model[key] = step
            }
        }
        let expected = model.sorted { $0.key < $1.key }
        #expect(map.map(\.key) == expected.map(\.key))
        #expect(map.map(\.value) == expected.map(\.value))
        #expect(map.reversed().map(\.key) == expected.reversed().map(\.key))
        #expect(map.count == model.count)
        for key in -1...3_001 {
            #expect(map[key] == model[key])
            let place = map.index(notBelow: key)
            let above = place == map.endIndex ? nil : map[place].key
            #expect(above == expected.first { $0.key >= key }?.key)
        }
    }

    @Test("grows at its end, at its start and across the size of a chunk")
    func chunks() {
        for count in [0, 1, Limits.sortedMapChunkElementsMax, Limits.sortedMapChunkElementsMax + 1]
        {
            var ascending = SortedMap<Int, Int>()
            var descending = SortedMap<Int, Int>()
            for key in 0..<count {
                ascending[key] = key
                descending[count - 1 - key] = key
            }
            #expect(ascending.map(\.key) == Array(0..<count))
            #expect(descending.map(\.key) == Array(0..<count))
            for key in 0..<count { ascending[key] = nil }
            #expect(ascending.isEmpty)
        }
    }

    @Test("leaves its copies alone")
    func copies() {
        var map = SortedMap<Int, Int>()
        for key in 0..<500 { map[key] = key }
        let copy = map
        map[250] = -1
        map[499] = nil
        #expect(copy[250] == 250)
        #expect(copy[499] == 499)
        #expect(map[250] == -1)
    }
}
