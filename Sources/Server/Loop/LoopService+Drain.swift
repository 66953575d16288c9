// SPDX-License-Identifier: MIT
//
// The ordered end of one loop. Connections that wait to be accepted are the last: who comes later
// is refused by the kernel. Requests in progress are answered; streams are told when to return,
// each its own time, evenly spread over the window, and end at once, a batch per turn. Firefox's
// push service does not let itself be told: it returns five seconds after its end. So those streams
// end one after another over the window instead.

import Core
import Reactor
import Streams

/// How far an ordered end has come in one loop.
struct LoopDrain {
    /// When it began.
    let beganAt: MonotonicInstant
    /// Over how long streams are to return.
    let windowMilliseconds: Int
    /// How many streams are told when to return.
    let streamsToTell: Int
    /// How many were.
    var streamsTold = 0
    /// Whether those accepted last have had a turn in which to be read.
    var hasGivenTurn = false
    /// The slot to go on from; nil when every connection was seen.
    var nextSlot: Int? = 0
    /// The streams that end one after another.
    var pushes: [StreamID] = []
    /// How many of those at the front have ended.
    var pushesEnded = 0

    /// When the next stream is to return, in milliseconds from now.
    ///
    /// - Parameters:
    ///   - least: The earliest.
    ///   - chance: From 0 to below 1: where within its own part of the window.
    mutating func returnTime(after least: Int, chance: Double) -> Int {
        let part = Double(windowMilliseconds) / Double(max(streamsToTell, 1))
        let own = part * (Double(streamsTold) + chance)
        streamsTold += 1
        return least + Int(own)
    }

    /// How many of the streams that end one after another have ended by `now`.
    func pushesDue(at now: MonotonicInstant) -> Int {
        // They have ended before the time is up, so that their last bytes can be taken.
        let span = Double(windowMilliseconds) * 0.8
        let elapsed = Double(now.nanoseconds - beganAt.nanoseconds) / 1_000_000
        guard elapsed < span else { return pushes.count }
        return min(pushes.count, Int((Double(pushes.count) * elapsed / span).rounded(.up)))
    }
}

extension LoopService {
    /// Begins the ordered end.
    ///
    /// - Parameter windowMilliseconds: Over how long streams are to return.
    func beginDrain(windowMilliseconds: Int) {
        guard drain == nil else { return }
        let counts = fanOut.statistics.subscribers
        drain = LoopDrain(
            beganAt: loop.now, windowMilliseconds: windowMilliseconds,
            streamsToTell: counts.reduce(0, +) - counts[StreamEncoding.push.rawValue])
        loop.stopAccepting(self)
        loop.wake()
    }

    /// Ends as many connections as one turn may, if the ordered end has begun.
    func continueDrain() {
        guard let start = drain?.nextSlot else { return }
        guard drain?.hasGivenTurn == true else {
            drain?.hasGivenTurn = true
            loop.wake()
            return
        }
        let next = loop.forEachConnection(
            from: start, limit: Limits.closesPerTurnMax
        ) { connection in
            switch kind(of: connection) {
            case .eventStream, .webSocket: endStream(StreamID(connection))
            case .closing: break
            case .http:
                // A request in progress is answered first; the answer says that it is the last.
                if exchange(of: connection) == nil { loop.close(connection) }
            }
        }
        drain?.nextSlot = next
        if next != nil {
            loop.wake()
        } else {
            endPushStreams()
        }
    }

    /// Ends those of the streams that end one after another whose time has come.
    func endPushStreams() {
        guard var drain else { return }
        let due = drain.pushesDue(at: loop.now)
        while drain.pushesEnded < due {
            fanOut.sendAway(
                drain.pushes[drain.pushesEnded],
                returnMilliseconds: fanOut.configuration.retryMilliseconds.lowerBound)
            drain.pushesEnded += 1
        }
        self.drain = drain
        guard drain.pushesEnded < drain.pushes.count else { return }
        let pause = Int64(Limits.drainTickMilliseconds) * 1_000_000
        loop.setAlarm(Alarm.drain.rawValue, after: pause)
    }

    private func endStream(_ stream: StreamID) {
        guard fanOut.encoding(of: stream) != .push else {
            drain?.pushes.append(stream)
            return
        }
        let least = fanOut.configuration.retryMilliseconds.lowerBound
        let chance = Double.random(in: 0..<1)
        let time = drain?.returnTime(after: least, chance: chance) ?? least
        fanOut.sendAway(stream, returnMilliseconds: time)
    }
}
