// SPDX-License-Identifier: MIT

import Core
import Wire

extension KintoService {
    /// The plan that finds out who sent a request; nil if that is known, or does not matter.
    ///
    /// - Throws: `APIError`, a 401, if it cannot be found out for a while.
    private func identityPlan(_ exchange: Exchange) throws(APIError) -> Plan? {
        guard exchange.route.asksForIdentity else { return nil }
        switch exchange.finding {
        case .known: return nil
        case .unverified(let login): return verifying(login, exchange)
        case .lockedOut(let seconds):
            throw .lockedOut(
                seconds: seconds, challenges: settings.authenticationPolicies.count)
        }
    }

    /// What the endpoint of a request needs.
    ///
    /// - Throws: `APIError` for what can be refused without the storage.
    func endpointPlan(_ exchange: Exchange) throws -> Plan {
        if let endpoint = exchange.endpoint {
            if exchange.method == .options {
                let reply = try exchange.corsPolicy.preflight(
                    exchange.request, endpoint: endpoint)
                return .answer(exchange.finish(reply))
            }
            guard endpoint.methods.contains(exchange.method) else {
                throw APIError.methodNotAllowed(allowed: endpoint.allowed)
            }
        }
        if let plan = try identityPlan(exchange) { return plan }
        switch exchange.route {
        case .list(let list):
            return try ListEndpoint(exchange: exchange, list: list, tokens: tokens).plan(self)
        case .object(let list, let id):
            return try ObjectEndpoint(exchange: exchange, list: list, id: id).plan(self)
        case .monitorRecords: return try MonitorEndpoint(exchange: exchange).plan(self)
        case .changeset(let path):
            return try ChangesetEndpoint(exchange: exchange, path: path).plan(self)
        case .snapshot(let bucket, let name):
            return try SnapshotEndpoint(exchange: exchange, bucket: bucket, name: name).plan(self)
        case .monitorStream: return .answer(exchange.finish(try streamReply(exchange)))
        case .streamTicket: return .answer(exchange.finish(try ticketReply(exchange)))
        case .stream(let path):
            let reply = try streamReply(exchange)
            return reading(exchange) { reader in
                try StreamPermission(path: path).require(exchange.identity, exchange, reader)
                return reply
            }
        case .batch: return try BatchEndpoint(exchange: exchange).plan(self)
        case .hello: return try utility(exchange).hello(self)
        case .heartbeat: return try utility(exchange).heartbeat(self)
        case .loadBalancerHeartbeat:
            _ = try utility(exchange)
            return .answer(exchange.finish(UtilityEndpoint.draining(pages) ?? Reply(json: [:])))
        case .version: return .answer(exchange.finish(try utility(exchange).version()))
        case .broadcasts:
            _ = try utility(exchange)
            return .answer(exchange.finish(broadcasts(exchange).list()))
        case .megaphone:
            _ = try utility(exchange)
            return .answer(exchange.finish(broadcasts(exchange).read()))
        case .announcement(let broadcaster, let channel):
            return broadcasts(exchange).announce(broadcaster: broadcaster, channel: channel, self)
        case .push: throw KintoService.upgradeRequired
        case .defaultBucket(let subpath):
            return try DefaultBucketEndpoint(exchange: exchange, subpath: subpath).plan(self)
        case .permissions: return try PermissionsEndpoint(exchange: exchange).plan(self)
        case .flush: return try utility(exchange).flush(self)
        case .contribute: return .answer(exchange.finish(try utility(exchange).contribute()))
        case .metrics: return try page(exchange) { page throws(APIError) in try page.metrics() }
        case .dashboard(let file):
            let page = PageEndpoint(exchange: exchange, pages: pages)
            return .answer(exchange.finish(try page.dashboard(file)))
        case .api:
            return try page(exchange) { $0.reply(document.file(exchange.serviceDescription)) }
        case .streamsDocument:
            return try page(exchange) { page throws(APIError) in try page.streamsDocument() }
        case .nowhere(let end):
            let redirect = PathRedirect(exchange: exchange, end: end)
            return .answer(exchange.finish(try redirect.reply()))
        }
    }

    /// The plan of a page about the server, for a request whose origin may ask.
    ///
    /// - Throws: `APIError` if it may not, or there is no such page.
    private func page(
        _ exchange: Exchange, _ reply: (PageEndpoint) throws(APIError) -> Reply
    ) throws(APIError) -> Plan {
        _ = try utility(exchange)
        return .answer(exchange.finish(try reply(PageEndpoint(exchange: exchange, pages: pages))))
    }

    private func broadcasts(_ exchange: Exchange) -> BroadcastsEndpoint {
        BroadcastsEndpoint(exchange: exchange, table: changes.broadcasts)
    }

    /// The utility endpoints, for a request whose origin may ask.
    ///
    /// - Throws: `APIError` if it may not.
    private func utility(_ exchange: Exchange) throws(APIError) -> UtilityEndpoint {
        var errors = ValidationErrors()
        exchange.corsPolicy.check(exchange.request, &errors)
        try errors.check()
        return UtilityEndpoint(exchange: exchange)
    }
}
