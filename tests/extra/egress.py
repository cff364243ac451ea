# What answers in the namespaces of tests/extra/networks.inc: a name server, and servers that count who comes.
import os, socket, ssl, struct, sys, threading

# One write a line: threads say things at once.
def say(*words):
    os.write(1, (" ".join(words) + "\n").encode())

def name_of(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += query[at] + 1
    return ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])[0], query[12:at + 5]

A, CNAME, AAAA = 1, 5, 28
v4 = lambda text: (A, socket.inet_aton(text))
v6 = lambda text: (AAAA, socket.inet_pton(socket.AF_INET6, text))
turn = {}

def records(name):
    if name == "turns.test":
        turn[name] = turn.get(name, 0) + 1
        return [v4("9.9.9.9" if turn[name] <= 1 else "10.1.1.1")]
    return {
        "public.test": [v4("9.9.9.9")], "private.test": [v4("10.1.1.1")], "metadata.test": [v4("169.254.169.254")],
        "own.test": [v4("9.9.9.1")], "here.test": [v4("127.0.0.1")], "six.test": [v6("::1")], "zero.test": [v4("0.0.0.0")],
        "mapped.test": [v6("::ffff:10.1.1.1")], "nat64.test": [v6("64:ff9b::a01:101")], "teredo.test": [v6("2001:0:a01:101::1")],
        "6to4.test": [v6("2002:a01:101::1")], "local.test": [v6("fe80::1")], "unique.test": [v6("fd00::1")],
        "mixed.test": [v4("10.1.1.1"), v4("9.9.9.9")],
        "alias.test": [(CNAME, b"\x07private\x04test\x00"), v4("10.1.1.1")],
    }.get(name)

def names(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", port))
    say("names")
    while True:
        query, who = s.recvfrom(4096)
        name, kind, question = name_of(query)
        # turns.test turns with each question for IPv4.
        found = records(name) if name != "turns.test" or kind == A else []
        answers = [r for r in found or [] if r[0] in (kind, CNAME)]
        body = b""
        for type, data in answers:
            owner = b"\x07private\x04test\x00" if type == A and name == "alias.test" else b"\xc0\x0c"
            body += owner + struct.pack(">HHIH", type, 1, 0, len(data)) + data
        flags = 0x8180 | (3 if found is None else 0)
        s.sendto(query[:2] + struct.pack(">HHHHH", flags, 1, len(answers), 0, 0) + question + body, who)

# Over TLS with that certificate, where there is one; then it says which name was asked for.
def serve(address, port, certificate=None):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(16)
    say("listens")
    while True:
        c, who = s.accept()
        say("came", address)
        data = b""
        c.settimeout(60)
        try:
            if certificate:
                tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                tls.load_cert_chain(certificate)
                tls.sni_callback = lambda socket, name, context: say("name", name or "none")
                c = tls.wrap_socket(c, server_side=True)
            while b"\r\n\r\n" not in data:
                more = c.recv(4096)
                if not more:
                    break
                data += more
        except OSError:
            pass
        for line in data.split(b"\r\n"):
            if line and not certificate:
                say("line", line.decode())
        if data:
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        c.close()

# Takes all that comes over TLS and says how much that was. Silent: reads nothing of it. No tickets: who ends with something
# unread takes back what its kernel has not sent yet.
def take(address, port, certificate, silent):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.num_tickets = 0
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(16)
    say("listens")
    kept = []
    while True:
        c, who = s.accept()
        say("came", address)
        n = 0
        try:
            c = tls.wrap_socket(c, server_side=True)
            while not silent and (more := c.recv(65536)):
                n += len(more)
        except OSError:
            pass
        say("took", str(n))
        kept.append(c)

# A proxy that says what it was asked for, and finds names by itself: those of the name server, and away.test, which that one
# does not know. It connects to public addresses alone.
def proxy(address, port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(16)
    say("listens")
    while True:
        c, who = s.accept()
        threading.Thread(target=tunnel, args=(c,)).start()

def tunnel(c):
    data = b""
    while b"\r\n\r\n" not in data and (more := c.recv(1)):
        data += more
    asked = data.decode().split(" ")[1] if data else ""
    say("asked", asked)
    host, port = asked.rsplit(":", 1)
    host = {"public.test": "9.9.9.9", "away.test": "9.9.9.9"}.get(host, host)
    if host == "9.9.9.9":
        try:
            to = socket.create_connection((host, int(port)))
        except OSError:
            c.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            c.close()
            return
        c.sendall(b"HTTP/1.1 200 OK\r\nVia: 1.1 test\r\n\r\n")
        threading.Thread(target=pump, args=(c, to)).start()
        pump(to, c)
    else:
        c.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        c.close()

def pump(one, other):
    try:
        while more := one.recv(65536):
            other.sendall(more)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass

if sys.argv[1] == "names":
    names(53)
elif sys.argv[1] == "proxy":
    proxy(sys.argv[3], int(sys.argv[2]))
elif sys.argv[1] in ("take", "silent"):
    take(sys.argv[4], int(sys.argv[2]), sys.argv[3], sys.argv[1] == "silent")
elif sys.argv[1] == "tls":
    for address in sys.argv[4:]:
        threading.Thread(target=serve, args=(address, int(sys.argv[2]), sys.argv[3])).start()
else:
    for address in sys.argv[2:]:
        threading.Thread(target=serve, args=(address, int(sys.argv[1]))).start()
