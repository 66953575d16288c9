// SPDX-License-Identifier: MIT
//
// How long streams live. Each has one deadline, at which it gets its heartbeat; the first comes at
// a random time, so that there is no tick at which everyone is written to. A peer that vanished is
// found within two intervals: by the kernel, which gives it that long to acknowledge a heartbeat,
// or, over WebSocket, where a proxy may acknowledge for it, by the missing pong. A stalled peer is
// not judged by these, since it cannot answer; its kernel must be heard of now and then.
//
// A stream that has come to its greatest age, drawn between 80 and 100 % of the setting, is ended
// and told to return, so that streams even out over the servers behind a balancer.

import Core
import Wire

extension FanOut {
    /// A peer was heard: it lives.
    package func heard(from id: StreamID) {
        guard let place = place(of: id) else { return }
        subscribers[place].awaitsPong = false
    }

    /// Draws the greatest age of a stream in milliseconds; -1 for none.
    func drawAge() -> Int32 {
        guard let most = configuration.ageMillisecondsMax else { return -1 }
        return Int32(clamping: Int.random(in: most * 4 / 5...most, using: &random))
    }

    /// Sets the first deadline of a stream, at a random time within an interval.
    func setFirstHeartbeat(_ place: Int) {
        let interval = configuration.heartbeatMilliseconds
        setHeartbeat(place, milliseconds: Int.random(in: interval / 2...interval, using: &random))
    }

    /// Sets a stream's deadline to its next heartbeat, or to its end if that comes first.
    private func setHeartbeat(_ place: Int, milliseconds: Int) {
        var milliseconds = milliseconds
        let left = subscribers[place].ageLeft
        if left >= 0 {
            milliseconds = min(milliseconds, Int(left))
            subscribers[place].ageLeft = left - Int32(clamping: milliseconds)
        }
        transport.setDeadline(subscribers[place].id, milliseconds: milliseconds)
    }

    /// A stream's deadline has come: a heartbeat is due, or its end.
    package func deadlineReached(_ id: StreamID) {
        guard let place = place(of: id) else { return }
        switch subscribers[place].phase {
        case .ending:
            // It was asked to end an interval ago, and its peer does not take its last bytes.
            transport.cut(id)
            return
        case .greeting:
            let reason = "HandshakeTimeout"
            let frame = WebSocketFrameEncoder.close(.internalError, reason: reason)
            end(id, farewell: EncodedFrame(frame))
            return
        case .absent, .catchingUp, .parked, .live: break
        }
        guard subscribers[place].ageLeft != 0 else {
            sendAway(id, returnMilliseconds: drawRetryMilliseconds())
            return
        }
        setHeartbeat(place, milliseconds: configuration.heartbeatMilliseconds)
        // A full socket needs no heartbeat, and its peer's answers could not be read either.
        guard !transport.hasPendingOutput(id) else {
            let silence = transport.acknowledgementAge(id)
            if silence > stalledSilenceMilliseconds { transport.cut(id) }
            return
        }
        let encoding = subscribers[place].encoding
        switch encoding.dialect {
        case .eventStream: break
        case .webSocket, .push:
            guard !subscribers[place].awaitsPong else {
                end(id, farewell: nil)
                return
            }
            subscribers[place].awaitsPong = true
        }
        sendControl(heartbeats[encoding.rawValue], to: id)
    }

    /// How long the kernel of a stalled peer may be silent: it is probed ever more seldom, at last
    /// every two minutes (RFC 9293, section 3.8.6.1).
    private var stalledSilenceMilliseconds: Int {
        max(configuration.peerTimeoutMilliseconds, Limits.stalledSilenceMillisecondsMax)
    }

    /// Ends a stream and tells its peer when to return, if its socket takes that now.
    package func sendAway(_ id: StreamID, returnMilliseconds: Int) {
        guard let place = place(of: id) else { return }
        if case .live = subscribers[place].phase, !isPaced(place),
            let position = sections[subscribers[place].section].owedAfter
        {
            transport.leave(id)
            subscribers[place].phase = .catchingUp(position, owesReady: false)
            advance(place, preamble: nil)
        }
        end(id, farewell: subscribers[place].encoding.goingAway(returnMilliseconds))
    }

    /// Ends a stream, after a last frame if its socket takes one now.
    package func end(_ id: StreamID, farewell: EncodedFrame?) {
        guard let place = place(of: id) else { return }
        transport.leave(id)
        if let farewell, !transport.hasPendingOutput(id) {
            _ = transport.send(farewell, nil, to: id)
        }
        subscribers[place].phase = .ending
        transport.setDeadline(id, milliseconds: configuration.heartbeatMilliseconds)
        transport.end(id)
    }
}
