"""What ends a connection, seen from its socket alone."""

import socket

import pytest

from segmenter.serving import connections
from segmenter.serving.connections import (
    Limits,
    TooManyConnectionsError,
    TooManyLargeRequestsError,
    TooSlowError,
    Watch,
    WatchedConnection,
    WatchedListener,
)


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(connections.time, "monotonic", lambda: now[0])
    return now


def connect(limits=None):
    ours, theirs = socket.socketpair()
    watch = Watch(limits or Limits())
    connection = WatchedConnection(ours.detach(), watch)
    watch.add(connection, "192.0.2.1")
    return connection, theirs


def send_without_end(connection):
    while True:
        connection.send(b"x" * 65536)


def test_a_request_that_trickles_in_is_cut_off(clock):
    connection, client = connect()
    with connection, client:
        client.sendall(b"x" * 200)
        connection.recv(100)
        clock[0] += 19
        assert connection.recv(99)
        clock[0] += 2
        with pytest.raises(TooSlowError):
            connection.recv(1)


def test_a_burst_buys_no_hours_of_trickling(clock):
    connection, client = connect()
    with connection, client:
        client.sendall(b"x" * 100_000)
        assert len(connection.recv(100_000)) == 100_000
        clock[0] += 21
        client.sendall(b"x")
        connection.recv(1)
        clock[0] += 21
        client.sendall(b"x")
        with pytest.raises(TooSlowError):
            connection.recv(1)


def test_one_address_takes_half_of_the_places_for_large_requests_at_most():
    watch = Watch(Limits(large_bytes=10, large_bodies=4, connections_per_address=100))
    servers, clients = [], []
    for address in ["one"] * 3 + ["two"]:
        ours, theirs = socket.socketpair()
        servers.append(WatchedConnection(ours.detach(), watch))
        clients.append(theirs)
        watch.add(servers[-1], address)
        theirs.sendall(b"x" * 100)
    servers[0].recv(100)
    servers[1].recv(100)
    with pytest.raises(TooManyLargeRequestsError):
        servers[2].recv(100)
    assert servers[3].recv(100)
    for one in [*servers, *clients]:
        one.close()


def test_a_full_disk_takes_no_large_request():
    connection, client = connect(Limits(large_bytes=10, spare_bytes=2**62))
    with connection, client:
        client.sendall(b"x" * 100)
        with pytest.raises(TooManyLargeRequestsError):
            connection.recv(100)


def test_a_file_that_is_arriving_is_waited_for(clock):
    connection, client = connect(Limits(large_bytes=10))
    with connection, client:
        client.sendall(b"x" * 100)
        connection.recv(100)
        assert connection.is_busy()
        clock[0] += 4
        assert not connection.is_busy()  # whoever stops sending is not


def test_a_pause_between_requests_is_not_counted(clock):
    connection, client = connect()
    with connection, client:
        for _ in range(3):
            client.sendall(b"GET")
            assert connection.recv(100) == b"GET"
            connection.send(b"here it is")
            client.recv(100)
            clock[0] += 25


def test_an_answer_that_is_taken_byte_by_byte_is_cut_off(clock):
    connection, client = connect()
    with connection, client:
        client.sendall(b"GET")
        connection.recv(100)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            send_without_end(connection)
        clock[0] += 10_000
        client.recv(1000)
        with pytest.raises(TooSlowError):
            send_without_end(connection)


def test_a_server_that_computes_for_long_is_not_taken_for_a_slow_client(clock):
    connection, client = connect()
    with connection, client:
        client.sendall(b"GET")
        connection.recv(100)
        for _ in range(3):
            connection.send(b"a row")
            assert client.recv(100)
            clock[0] += 600


def test_it_is_known_whether_a_client_is_still_receiving(clock):
    connection, client = connect()
    with connection, client:
        assert not connection.is_busy()
        connection.send(b"an answer")
        clock[0] += 10
        assert connection.is_busy()  # it has not taken it yet
        client.recv(100)
        assert not connection.is_busy()


def test_only_so_many_large_requests_arrive_at_once():
    watch = Watch(Limits(large_bytes=1000, large_bodies=1))
    pairs = [socket.socketpair() for _ in range(3)]
    servers = [WatchedConnection(ours.detach(), watch) for ours, _ in pairs]
    clients = [theirs for _, theirs in pairs]
    for client in clients:
        client.sendall(b"x" * 2000)
    assert servers[0].recv(2000)
    with pytest.raises(TooManyLargeRequestsError):
        servers[1].recv(2000)
    servers[0].close()
    assert servers[2].recv(2000)
    for one in [*servers, *clients]:
        one.close()


def test_an_address_has_only_so_many_connections():
    watch = Watch(Limits(connections_per_address=2))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        listener = WatchedListener(bound.detach(), watch)
    with listener:
        listener.listen()
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        accepted = [listener.accept()[0] for _ in range(2)]
        with pytest.raises(TooManyConnectionsError):
            listener.accept()
        assert clients[2].recv(1) == b""
        accepted[0].close()
        clients.append(socket.create_connection(listener.getsockname()))
        accepted.append(listener.accept()[0])
        for one in [*clients, *accepted]:
            one.close()


def test_a_listener_at_rest_leaves_connections_to_others():
    watch = Watch(Limits())
    with socket.socket() as shared:
        shared.bind(("127.0.0.1", 0))
        shared.listen()
        with WatchedListener(shared.dup().detach(), watch) as listener:
            listener.setblocking(False)
            listener.rest()
            with socket.create_connection(shared.getsockname()):
                with pytest.raises(OSError):  # noqa: PT011 - whichever the kernel says
                    listener.accept()
                shared.accept()[0].close()
