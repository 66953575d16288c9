// SPDX-License-Identifier: MIT

/// What each subscriber of a process last saw of each collection: the judge of whether a stream is
/// correct.
///
/// A stream may leave out a change that a newer one of the same collection replaces, but may
/// neither go back nor bring one twice, and must end at the newest.
struct Positions {
    /// What a change is to a subscriber.
    enum Step {
        /// News.
        case newer
        /// The one it saw last.
        case repeated
        /// One before that.
        case older
    }

    private let collections: Int
    private var newest: [Int64]

    /// Makes the table, in which nobody has seen anything.
    init(subscribers: Int, collections: Int) {
        self.collections = collections
        newest = Array(repeating: 0, count: subscribers * collections)
    }

    /// Notes that a subscriber got a change, of a collection that the table has.
    mutating func note(_ change: ChangeID, at subscriber: Int) -> Step {
        let place = subscriber * collections + change.collection
        let last = newest[place]
        if change.timestamp > last {
            newest[place] = change.timestamp
            return .newer
        }
        return change.timestamp == last ? .repeated : .older
    }

    /// How many subscribers lack the newest state of some collection.
    ///
    /// - Parameter newest: The newest timestamp of each collection.
    /// - Complexity: O(subscribers × collections).
    func countBehind(_ newest: [Int64]) -> Int {
        precondition(newest.count == collections)
        guard collections > 0 else { return 0 }
        var count = 0
        for start in stride(from: 0, to: self.newest.count, by: collections) {
            for place in 0..<collections where self.newest[start + place] < newest[place] {
                count += 1
                break
            }
        }
        return count
    }
}
