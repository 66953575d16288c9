"""TLS before a plain server: tls_proxy.py DIRECTORY PORT, with cert.pem and key.pem in DIRECTORY.

Prints the port it listens on.
"""

import socket
import ssl
import sys
import threading


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client, context, port):
    try:
        secure = context.wrap_socket(client, server_side=True)
    except OSError:
        return
    plain = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=carry, args=(secure, plain), daemon=True).start()
    carry(plain, secure)


def main():
    directory, port = sys.argv[1], int(sys.argv[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/cert.pem", f"{directory}/key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, context, port), daemon=True).start()


main()
