"""A TLS client of Python's own: it upgrades, sends one text message and prints what comes back.

usage: tls_client.py PORT CA [CERT KEY]

Prints `echo TEXT`, or `refused WORDS` when the server ends TLS or the connection before that. PEM files.
"""

import base64
import os
import socket
import ssl
import sys


def exactly(stream, count):
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise ConnectionError("the stream ended")
        data += piece
    return data


def read_head(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += exactly(stream, 1)
    return head


def echo(stream, port, text):
    key = base64.b64encode(os.urandom(16)).decode()
    stream.sendall(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    head = read_head(stream)
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise ConnectionError(head.split(b"\r\n")[0].decode())
    # A mask of zeros is a mask (RFC 6455 section 5.3).
    stream.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)
    _, length = exactly(stream, 2)
    return exactly(stream, length)


def main(port, ca, *identity):
    context = ssl.create_default_context(cafile=ca)
    if identity:
        context.load_cert_chain(*identity)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as stream:
                print("echo", echo(stream, port, b"over TLS").decode())
    except TimeoutError:
        sys.exit("no answer in time")
    except OSError as error:
        print("refused", error)


main(int(sys.argv[1]), *sys.argv[2:])
