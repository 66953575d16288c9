// SPDX-License-Identifier: MIT
//
// OpenSSL reads and writes memory here, never the socket: so writes to a connection that is gone
// raise no signal, and waits are the socket's alone.

internal import COpenSSL
import CLinux
import Glibc

/// TLS of a client: turns content into what goes over the connection and back. It does no I/O.
///
/// The server's certificate must lead to one that the system trusts (`SSL_CERT_FILE` and
/// `SSL_CERT_DIR` say otherwise) and be made out for the host.
final class TLSSession {
    /// What came out of the bytes so far.
    enum Step {
        /// Nothing yet: more bytes of the peer's are needed.
        case needMoreBytes
        /// The handshake is done.
        case ready
        /// Content.
        case content([UInt8])
        /// The peer has ended the session in order.
        case end
    }

    private let context: OpaquePointer
    private let session: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    /// Prepares a session with `host`, a name or an address.
    ///
    /// - Throws: `ClientSocket.Failure` if there is no memory for it.
    init(host: String) throws(ClientSocket.Failure) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw TLSSession.noMemory }
        guard let session = SSL_new(context), let incoming = BIO_new(BIO_s_mem()),
            let outgoing = BIO_new(BIO_s_mem())
        else {
            SSL_CTX_free(context)
            throw TLSSession.noMemory
        }
        (self.context, self.session) = (context, session)
        (self.incoming, self.outgoing) = (incoming, outgoing)
        // The session owns both from here on.
        SSL_set_bio(session, incoming, outgoing)
        let isPrepared =
            hg_tls_refuse_old_versions(context) == 1
            && SSL_CTX_set_default_verify_paths(context) == 1
        SSL_set_verify(session, SSL_VERIFY_PEER, nil)
        guard isPrepared, expect(host) else { throw TLSSession.noMemory }
        SSL_set_connect_state(session)
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    /// Takes bytes that the peer has sent.
    ///
    /// - Complexity: O(*n*).
    func feed(_ bytes: [UInt8]) {
        let count = BIO_write(incoming, bytes, Int32(bytes.count))
        precondition(Int(count) == bytes.count, "memory takes everything")
    }

    /// The bytes that are to be sent to the peer now.
    ///
    /// - Complexity: O(*n*).
    func drain() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(outgoing))
        guard !bytes.isEmpty else { return [] }
        let count = BIO_read(outgoing, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(max(0, Int(count))))
    }

    /// Goes on with the handshake.
    ///
    /// - Throws: `ClientSocket.Failure` if the peer is not whom it should be, or not understood.
    func shakeHands() throws(ClientSocket.Failure) -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        return result == 1 ? .ready : try outcome(of: result)
    }

    /// Encrypts `content`; `drain()` has the result.
    ///
    /// - Throws: `ClientSocket.Failure` if the session is over.
    /// - Complexity: O(*n*).
    func write(_ content: [UInt8]) throws(ClientSocket.Failure) {
        guard !content.isEmpty else { return }
        ERR_clear_error()
        var written = 0
        guard SSL_write_ex(session, content, content.count, &written) == 1 else {
            throw failure()
        }
    }

    /// Decrypts what was fed.
    ///
    /// - Throws: `ClientSocket.Failure` if it was tampered with.
    /// - Complexity: O(*n*).
    func read() throws(ClientSocket.Failure) -> Step {
        ERR_clear_error()
        var content = [UInt8](repeating: 0, count: 16 * 1024)
        let count = SSL_read(session, &content, Int32(content.count))
        return count > 0 ? .content(Array(content[..<Int(count)])) : try outcome(of: count)
    }

    /// Says for whom the certificate must be made out.
    private func expect(_ host: String) -> Bool {
        var address = in6_addr()
        let isAddress =
            inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
        if isAddress { return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1 }
        return hg_tls_set_server_name(session, host) == 1 && SSL_set1_host(session, host) == 1
    }

    private func outcome(of result: Int32) throws(ClientSocket.Failure) -> Step {
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .needMoreBytes
        case SSL_ERROR_ZERO_RETURN: return .end
        case _: throw failure()
        }
    }

    private func failure() -> ClientSocket.Failure {
        let verified = SSL_get_verify_result(session)
        if verified != X509_V_OK {
            let reason = String(cString: X509_verify_cert_error_string(verified))
            return ClientSocket.Failure(
                description: "the server's certificate is not trusted: \(reason)", mayPass: false)
        }
        guard let text = ERR_reason_error_string(ERR_peek_last_error()) else {
            return ClientSocket.Failure(description: "the server ended the TLS session")
        }
        return ClientSocket.Failure(description: "TLS: \(String(cString: text))")
    }

    private static let noMemory = ClientSocket.Failure(description: "TLS cannot be prepared")
}
