// SPDX-License-Identifier: MIT

import Core
import Wire

/// The numbers that Kinto gives its errors (its documentation, "Error responses").
enum ErrorNumber: Int {
    /// No credentials, or none that are known.
    case missingAuthToken = 104
    /// A parameter, header or body that is not as it should be.
    case invalidParameters = 107
    /// No object of that id.
    case invalidResourceID = 110
    /// No such path, or no such parent.
    case missingResource = 111
    /// A precondition does not hold.
    case modifiedMeanwhile = 114
    /// The endpoint does not know the method.
    case methodNotAllowed = 115
    /// Another version of the API is served.
    case versionNotAvailable = 116
    /// The client has sent too many requests, or holds too many connections.
    case clientReachedCapacity = 117
    /// The user is known, and may not.
    case forbidden = 121
    /// The storage cannot now.
    case backend = 201
    /// The service has ended.
    case serviceDeprecated = 202
    /// Anything else.
    case undefined = 999
}

/// An answer of Kinto's error format: `{"code":…,"errno":…,"error":…,"message":…,…}`.
struct APIError: Error {
    /// The status code.
    var status: Int
    /// Kinto's number.
    var number: ErrorNumber
    /// A short title; the status's reason phrase if nil.
    var title: String?
    /// What was wrong, for people.
    var message: String?
    /// Where to learn more.
    var info: String?
    /// What was wrong, for programs.
    var details: JSONValue?
    /// Header fields of the answer.
    var fields = HTTPFields()
    /// Whether the reference raises this answer as an exception: within a batch, such answers lack
    /// the security headers.
    var isRaised = true

    /// Makes an error of its parts.
    init(
        status: Int, number: ErrorNumber, title: String? = nil, message: String? = nil,
        details: JSONValue? = nil
    ) {
        self.status = status
        self.number = number
        self.title = title
        self.message = message
        self.details = details
    }

    /// The body.
    var body: JSONObject {
        var members: [JSONObject.Member] = [
            ("code", .integer(Int64(status))), ("errno", .integer(Int64(number.rawValue))),
            ("error", .string(title ?? HTTPStatus.reason(status))),
        ]
        if let message { members.append(("message", .string(message))) }
        if let info { members.append(("info", .string(info))) }
        if let details { members.append(("details", details)) }
        return JSONObject(members)
    }

    /// The answer.
    var reply: Reply {
        var reply = Reply(status: status, json: .object(body))
        for line in fields.lines { reply.fields.append(line.name, line.value) }
        reply.isRaised = isRaised
        return reply
    }
}

extension APIError {
    /// 401: nobody may this without saying who they are.
    ///
    /// - Parameter challenges: The number of policies, each of which asks for credentials.
    static func unauthorized(challenges: Int) -> APIError {
        var error = APIError(
            status: 401, number: .missingAuthToken,
            message: "Please authenticate yourself to use this endpoint.")
        for _ in 0..<max(challenges, 1) {
            error.fields.append("WWW-Authenticate", "Basic realm=\"Realm\"")
        }
        return error
    }

    /// 401: too many wrong passwords were tried for this account.
    static func lockedOut(seconds: Int, challenges: Int) -> APIError {
        var error = unauthorized(challenges: challenges)
        error.message = "Too many wrong passwords for this account, please retry later."
        error.fields["Retry-After"] = String(seconds)
        return error
    }

    /// 403: the user may not.
    static let forbidden = APIError(
        status: 403, number: .forbidden, message: "This user cannot access this resource.")

    /// 404: there is nothing at this path.
    static let unknownPath = APIError(
        status: 404, number: .missingResource,
        message: "The resource you are looking for could not be found.")

    /// 404: no object of that id, or (`isParent`) no parent of that id.
    static func notFound(id: String, kind: ResourceKind, isParent: Bool) -> APIError {
        APIError(
            status: 404, number: isParent ? .missingResource : .invalidResourceID,
            details: ["id": .string(id), "resource_name": .string(kind.rawValue)])
    }

    /// 405: the endpoint has other methods.
    static func methodNotAllowed(allowed: String?) -> APIError {
        var error = APIError(
            status: 405, number: .methodNotAllowed,
            message: "Method not allowed on this endpoint.")
        error.fields["Allow"] = allowed
        return error
    }
}

extension APIError {
    /// 400 for one invalid thing that was found while answering.
    static func invalid(
        _ location: ErrorLocation, _ name: String?, _ description: String
    ) -> APIError {
        var errors = ValidationErrors()
        errors.add(location, name, description)
        return errors.error(isRaised: true)
    }

    /// 400 for an id that the pattern does not allow.
    static let invalidID = APIError.invalid(.path, nil, "Invalid object id")
}
