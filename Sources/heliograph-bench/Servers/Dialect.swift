// SPDX-License-Identifier: MIT

/// How a server is spoken to: what its streams are called and what makes it send something.
struct Dialect {
    /// How a change is published.
    enum Publishing {
        /// A record is written through Kinto's API.
        case records
        /// The entry that subscribers are to get is sent as the body of a request.
        case relay(method: String, path: String)
    }

    /// The path of the stream below the base URL.
    var streamPath = ChangeID.streamPath
    /// Whether an answer's head means that a stream is live; else an event or message says `ready`.
    var isReadyAtHead = false
    /// How a change is published.
    var publishing = Publishing.records

    /// A Heliograph's.
    static let heliograph = Dialect()
    /// That of the floor.
    static let floor = Dialect(publishing: .relay(method: "POST", path: "/publish"))
}
