// SPDX-License-Identifier: MIT

import Core
import Dispatch
import Hub
import KintoAPI
import Streams

extension LoopService {
    /// Has the permissions that streams live by asked for again, if it is time.
    func checkAccess() {
        guard let accesses = fanOut.accessesToCheck() else { return }
        let start = DispatchTime.now()
        dispatcher.findStandings(of: accesses) { [self] standings in
            _ = loop.post { self.accessChecked(accesses, standings, since: start) }
        }
    }

    private func accessChecked(
        _ accesses: [StreamAccess], _ standings: [StreamStanding]?, since start: DispatchTime
    ) {
        var lost: [StreamAccess] = []
        var visibilities: [Viewer: Visibility] = [:]
        for (access, standing) in zip(accesses, standings ?? []) {
            switch standing {
            case .lost: lost.append(access)
            case .kept: break
            case .shown(let visibility): visibilities[access.viewer] = visibility
            }
        }
        fanOut.accessChecked(lost: standings == nil ? nil : lost, visibilities: visibilities)
        // Checks take a small part of the time, however many streams there are.
        let spent = Int(
            (DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1_000_000)
        let pause = DispatchTimeInterval.milliseconds(
            min(
                max(spent * 8, Limits.accessPauseMillisecondsMin), Limits.accessPauseMillisecondsMax
            ))
        DispatchQueue.global().asyncAfter(deadline: .now() + pause) { [self] in
            _ = loop.post {
                self.fanOut.accessPauseEnded()
                self.checkAccess()
            }
        }
    }
}
