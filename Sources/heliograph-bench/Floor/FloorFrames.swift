// SPDX-License-Identifier: MIT

import Core
import Wire

/// What the floor sends to streams: bytes such as Heliograph sends.
enum FloorFrames {
    /// The answer to a request that published something.
    static let accepted = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
    /// The message that tells that a stream is live.
    static let readyMessage = WebSocketFrameEncoder.text(Array("{\"type\":\"ready\"}".utf8))

    /// The frame that tells an entry.
    static func frame(of entry: UnsafeBufferPointer<UInt8>) -> FloorBoard.Frame {
        var cursor = "0"
        if case .change(let change)? = ByteSearch.change(in: entry) {
            cursor = "\(change.timestamp).a41f0c3b9d21.1042"
        }
        let message = Array("{\"type\":\"change\",\"cursor\":\"\(cursor)\",\"entry\":".utf8) + entry
        return FloorBoard.Frame(
            event: Array("id: \(cursor)\ndata: ".utf8) + entry + Array("\n\n".utf8),
            message: WebSocketFrameEncoder.text(message + Array("}".utf8)))
    }
}
