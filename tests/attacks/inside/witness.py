"""The process outside that has to survive: it holds secrets in every way in which programs share, and counts contacts.

Asked by a line on standard input it says, as a line of JSON, who contacted it since, and what of its own was changed.
Its arguments are the token that must not come out, the folder of its sockets, and a workspace with doors to it.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
libc.mq_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
IPC_CREAT, IPC_RMID = 0o1000, 0


class Attributes(ctypes.Structure):
    """struct mq_attr."""

    _fields_ = [("flags", ctypes.c_long), ("most", ctypes.c_long), ("size", ctypes.c_long), ("now", ctypes.c_long)]


def main(token: str, folder: str, work: str) -> None:
    """Until standard input ends."""
    secret = token.encode()
    name = f"attacked-{os.getpid()}"
    contacts: list[str] = []

    memory = ctypes.create_string_buffer(secret, 256)

    key = 0x41770000 | os.getpid() & 0xFFFF
    segment = libc.shmget(key, 4096, IPC_CREAT | 0o666)
    shared = libc.shmat(segment, None, 0)
    ctypes.memmove(shared, secret, len(secret))

    os.umask(0)
    posix = f"/dev/shm/{name}"
    with open(posix, "wb") as file:
        file.write(secret)

    attributes = Attributes(0, 4, 256, 0)
    queue = libc.mq_open(f"/{name}".encode(), os.O_RDWR | os.O_CREAT, 0o666, ctypes.byref(attributes))
    if queue >= 0:
        libc.mq_send(queue, secret, len(secret), 0)

    listeners: dict[int, tuple[str, socket.socket]] = {}

    def listen(kind: str, family: int, way: int, address: object) -> socket.socket:
        made = socket.socket(family, way)
        made.bind(address)
        if way == socket.SOCK_STREAM:
            made.listen(64)
        listeners[made.fileno()] = (kind, made)
        return made

    tcp = listen("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    udp = listen("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
    port6 = 0
    try:
        port6 = listen("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)).getsockname()[1]
    except OSError:
        port6 = 0
    listen("abstract socket", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}")
    listen("abstract datagram", socket.AF_UNIX, socket.SOCK_DGRAM, f"\0{name}-datagram")
    here = os.open(".", os.O_PATH)
    os.chdir(folder)
    for kind in ("door", "agent"):
        listen(f"unix socket {kind}", socket.AF_UNIX, socket.SOCK_STREAM, f"{kind}.sock")
    os.chdir(work)
    listen("unix socket in the workspace", socket.AF_UNIX, socket.SOCK_STREAM, "door.sock")
    os.mkfifo("pipe")
    pipe = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)
    os.fchdir(here)

    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, lambda *_: None)

    print(
        json.dumps(
            {
                "pid": os.getpid(),
                "address": ctypes.addressof(memory),
                "shm_key": key,
                "shm_name": name,
                "queue": f"/{name}",
                "tcp": tcp.getsockname()[1],
                "udp": udp.getsockname()[1],
                "tcp6": port6,
                "abstract": name,
                "door": f"{folder}/door.sock",
            }
        ),
        flush=True,
    )

    def contact(kind: str, listener: socket.socket) -> None:
        contacts.append(kind)
        if listener.type == socket.SOCK_STREAM:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(0.5)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(secret), secret))
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(65536)
                except OSError:
                    return
        else:
            _, sender = listener.recvfrom(65536)
            if sender:
                listener.sendto(secret, sender)

    while True:
        ready, _, _ = select.select([0, woken, pipe, *listeners], [], [])
        for number in ready:
            if number == pipe:
                contacts.append(f"pipe in the workspace: {os.read(pipe, 64)!r}")
            elif number == woken:
                contacts += [f"signal {byte}" for byte in os.read(woken, 64)]
            elif number in listeners:
                contact(*listeners[number])
        if 0 in ready:
            if not os.read(0, 65536):
                break
            changed = [] if memory.value == secret else ["memory"]
            changed += [] if ctypes.string_at(shared, len(secret)) == secret else ["SysV shared memory"]
            try:
                with open(posix, "rb") as file:
                    changed += [] if file.read() == secret else ["POSIX shared memory"]
            except OSError:
                changed.append("POSIX shared memory is gone")
            if queue >= 0:
                libc.mq_getattr(queue, ctypes.byref(attributes))
                changed += [] if attributes.now == 1 else ["message queue"]
            print(json.dumps({"contacts": contacts, "changed": changed}), flush=True)
            contacts.clear()

    libc.shmctl(segment, IPC_RMID, None)
    libc.mq_unlink(f"/{name}".encode())
    for path in (posix, f"{folder}/door.sock", f"{folder}/agent.sock", f"{work}/door.sock", f"{work}/pipe"):
        try:
            os.unlink(path)
        except OSError:
            pass


if __name__ == "__main__":
    main(*sys.argv[1:4])
