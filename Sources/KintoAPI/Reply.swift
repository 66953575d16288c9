// SPDX-License-Identifier: MIT

import Core
import Wire

/// An answer before the header fields that every answer has.
struct Reply {
    /// The status code.
    var status: Int
    /// The header fields so far.
    var fields = HTTPFields()
    /// The body.
    var body: [UInt8] = []
    /// The body if it is shared with other answers; counts before `body`.
    var rendered: RenderedBody?
    /// Whether the answer could be one with a body that is compressed where clients take that.
    var variesByCoding = false
    /// Whether the reference raises this answer as an exception (see `APIError.isRaised`).
    var isRaised = false

    /// Makes an answer without a body.
    init(status: Int) {
        self.status = status
    }

    /// Makes an answer whose body is JSON text.
    init(status: Int = 200, jsonBytes: [UInt8]) {
        self.status = status
        body = jsonBytes
        fields.append("Content-Type", "application/json")
    }

    /// Makes an answer whose body is JSON text that other answers share.
    init(rendered: RenderedBody) {
        self.init(jsonBytes: [])
        self.rendered = rendered
        variesByCoding = rendered.plain.count >= Limits.compressedBodyBytesMin
    }

    /// Makes an answer whose body is a JSON value.
    ///
    /// - Complexity: O(size of the value).
    init(status: Int = 200, json: JSONValue) {
        self.init(status: status, jsonBytes: JSONWriter.bytes(json))
    }

    /// Has the body shared with the answers that were the same at an address.
    mutating func share(in memory: PollMemory, at address: String) {
        let rendered = memory.shared(RenderedBody(body), at: address)
        self.rendered = rendered
        variesByCoding = rendered.plain.count >= Limits.compressedBodyBytesMin
    }

    /// Sets `ETag` and `Last-Modified` to a timestamp.
    mutating func setTimestamp(_ timestamp: Timestamp) {
        setLastModified(timestamp)
        fields["ETag"] = timestamp.entityTag
    }

    /// Sets `Last-Modified` to a timestamp, in whole seconds, rounded down.
    mutating func setLastModified(_ timestamp: Timestamp) {
        fields["Last-Modified"] = Reply.date(timestamp)
    }

    /// Lets caches keep the answer for `seconds` from `now`; none of them if that is 0.
    mutating func setCache(seconds: Int, now: Timestamp) {
        let seconds = max(seconds, 0)
        fields["Expires"] = Reply.date(
            Timestamp(milliseconds: now.milliseconds + Int64(seconds) * 1000))
        guard seconds == 0 else {
            fields["Cache-Control"] = "max-age=\(seconds)"
            return
        }
        fields["Cache-Control"] = "max-age=0, must-revalidate, no-cache, no-store"
        fields["Pragma"] = "no-cache"
    }

    /// Forbids caches to keep the answer.
    mutating func setUncached() {
        fields["Cache-Control"] = "no-cache, no-store"
    }

    private static func date(_ timestamp: Timestamp) -> String {
        let (quotient, remainder) = timestamp.milliseconds.quotientAndRemainder(dividingBy: 1000)
        let seconds = remainder < 0 ? quotient - 1 : quotient
        return String(decoding: HTTPDate.format(seconds), as: UTF8.self)
    }
}

extension Reply {
    /// 307 to another address, to be kept for `seconds` if that is not negative.
    ///
    /// - Parameter origin: Scheme and host, which the field tells but not the text.
    static func redirect(
        to location: String, origin: String = "", seconds: Int, now: Timestamp
    ) -> Reply {
        var reply = Reply(status: 307)
        reply.isRaised = true
        reply.fields.append("Location", origin + location)
        reply.fields.append("Content-Type", "text/plain; charset=UTF-8")
        let text = """
            307 Temporary Redirect

            The resource has been moved to \(location); you should be redirected automatically.


            """
        reply.body = Array(text.utf8)
        if seconds >= 0 { reply.setCache(seconds: seconds, now: now) }
        return reply
    }
}
