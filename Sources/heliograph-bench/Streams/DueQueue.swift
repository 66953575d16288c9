// SPDX-License-Identifier: MIT

/// Numbers by the time at which they are due: a binary heap, the earliest first.
struct DueQueue {
    private var heap: [(dueNanoseconds: Int64, number: Int)] = []

    /// Makes an empty queue.
    init() {}

    /// When the earliest is due, or nil if there is none.
    var nextNanoseconds: Int64? { heap.first?.dueNanoseconds }

    /// Adds a number.
    ///
    /// - Complexity: O(log *n*).
    mutating func insert(_ number: Int, dueNanoseconds: Int64) {
        heap.append((dueNanoseconds, number))
        var place = heap.count - 1
        while place > 0, heap[(place - 1) / 2].dueNanoseconds > heap[place].dueNanoseconds {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes out the earliest number if it is due.
    ///
    /// - Complexity: O(log *n*).
    mutating func next(atNanoseconds now: Int64) -> Int? {
        guard let first = heap.first, first.dueNanoseconds <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while true {
            var earliest = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if heap[child].dueNanoseconds < heap[earliest].dueNanoseconds { earliest = child }
            }
            guard earliest != place else { return first.number }
            heap.swapAt(place, earliest)
            place = earliest
        }
    }
}
