// SPDX-License-Identifier: MIT

import Core

extension FanOut {
    /// Takes over how streams are to behave from now on, those that are open included. No stream
    /// ends for it.
    ///
    /// A heartbeat comes when it was due, and the next one by the new interval. If the greatest age
    /// is another, the age of each stream is counted from now. If changes are to be paced, or not
    /// any more, everyone is told first what they are owed.
    ///
    /// - Complexity: O(number of streams) if the age or the pacing changes, else O(1).
    package func adopt(_ configuration: StreamConfiguration) {
        let old = self.configuration
        self.configuration = configuration
        if configuration.ageMillisecondsMax != old.ageMillisecondsMax {
            for place in subscribers.indices { subscribers[place].ageLeft = drawAge() }
        }
        guard configuration.paceMilliseconds != old.paceMilliseconds else { return }
        catchUps = CatchUpCache(windowMilliseconds: configuration.paceMilliseconds)
        if pace.isOn, configuration.paceMilliseconds > 0 {
            pace.windowMilliseconds = configuration.paceMilliseconds
        } else {
            replacePace()
        }
    }

    /// Begins to pace, or ceases to: streams that are live go over to other groups.
    private func replacePace() {
        synchronize()
        tellAll()
        for slice in pace.slices.indices { release(slice) }
        let moving = subscribers.indices.filter { place in
            guard case .live = subscribers[place].phase else { return false }
            return subscribers[place].encoding.isPaced
                && !cohorts[subscribers[place].cohort].includesChanges
        }
        for place in moving { transport.leave(subscribers[place].id) }
        for group in pace.slices.flatMap(\.groups.values) { transport.removeGroup(group) }
        pace = Pace(
            windowMilliseconds: configuration.paceMilliseconds, slices: configuration.paceSlices)
        // All of them have everything, so none of them waits for its slice.
        for place in moving {
            join(place, at: livePosition(of: cohorts[subscribers[place].cohort]))
        }
    }
}
