// SPDX-License-Identifier: MIT

import Core

extension EventLoop {
    /// Sets one of the loop's few alarms, which belong to no connection; replaces an earlier wish.
    ///
    /// - Parameters:
    ///   - alarm: Which one, below `Limits.alarmsPerLoop`.
    ///   - nanoseconds: From the beginning of this turn.
    package func setAlarm(_ alarm: Int, after nanoseconds: Int64) {
        assertOnLoop()
        let (sum, overflow) = now.nanoseconds.addingReportingOverflow(max(nanoseconds, 0))
        alarms[alarm] = MonotonicInstant(nanoseconds: overflow ? .max : sum)
    }

    /// Tells the alarms that are due.
    func tellAlarms(_ handler: any EventLoopHandler) {
        for alarm in alarms.indices {
            guard let due = alarms[alarm], due <= now else { continue }
            alarms[alarm] = nil
            handler.alarmReached(alarm)
        }
    }
}
