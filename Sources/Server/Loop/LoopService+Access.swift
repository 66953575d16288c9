// SPDX-License-Identifier: MIT

import Core
import Dispatch
import Streams

extension LoopService {
    /// Has the permissions that streams live by asked for again, if it is time.
    func checkAccess() {
        guard let accesses = fanOut.accessesToCheck() else { return }
        dispatcher.findLost(accesses) { [self] lost in
            _ = loop.post { self.accessChecked(lost) }
        }
    }

    private func accessChecked(_ lost: [StreamAccess]?) {
        fanOut.accessChecked(lost: lost)
        let pause = DispatchTimeInterval.milliseconds(Limits.accessCheckMillisecondsMin)
        DispatchQueue.global().asyncAfter(deadline: .now() + pause) { [self] in
            _ = loop.post {
                self.fanOut.accessPauseEnded()
                self.checkAccess()
            }
        }
    }
}
