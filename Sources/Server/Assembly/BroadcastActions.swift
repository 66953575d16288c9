// SPDX-License-Identifier: MIT

import Core
import Dispatch
import Hub
import KintoAPI
import Storage

extension BroadcastEmitter.Actions {
    /// The actions of a server: its clock, a timer, its storage, and the API, which knows what
    /// everyone may read.
    static func writing(
        to storage: any Storage, for service: KintoService
    ) -> BroadcastEmitter.Actions {
        BroadcastEmitter.Actions(
            clock: HeliographServer.now,
            schedule: { milliseconds, body in
                let pause = DispatchTimeInterval.milliseconds(Int(milliseconds))
                DispatchQueue.global().asyncAfter(deadline: .now() + pause, execute: body)
            },
            persist: { [weak storage] broadcast, completion in
                guard let storage else { return completion(false) }
                storage.write({ try $0.announce(broadcast) }) { result in
                    switch result {
                    case .success: completion(true)
                    case .failure: completion(false)
                    }
                }
            },
            findPublic: service.publicVisibility(in: storage))
    }
}
