"""Who is let in, who waits and who is told to come back."""

import threading
import time

import pytest

from segmenter.serving.admission import Admission, Capacity, Client, Lane, client_of, lane_of


def wait_until(is_so):
    give_up_at = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


class Visit:
    """A request on a thread of its own."""

    def __init__(self, application, path="/", method="GET"):
        self.status, self.headers, self.body = None, {}, None
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method}
        self.thread = threading.Thread(target=self._go, args=(application, environ))
        self.thread.start()

    def _go(self, application, environ):
        answer = application(environ, self._start)
        self.body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()

    def _start(self, status, headers, exc_info=None):
        self.status, self.headers = status, dict(headers)

    def end(self):
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self


@pytest.fixture
def busy_site():
    """A site with one place for pages, one that waits, and an application that answers when it is told."""
    go_on, begun = threading.Semaphore(0), []

    def application(environ, start_response):
        begun.append(environ["PATH_INFO"])
        if not environ["PATH_INFO"].startswith("/healthz"):
            assert go_on.acquire(timeout=20)
        start_response("200 OK", [])
        return [b"done"]

    lanes = {
        "page": Capacity(1, 1),
        "password": Capacity(1, 5),
        "static": Capacity(1, 1),
        "health": Capacity(1, 1),
    }
    return Admission(application, lanes), go_on, begun


def test_one_is_worked_on_one_waits_and_the_next_is_told_to_come_back(busy_site):
    site, go_on, begun = busy_site
    first = Visit(site, "/1")
    wait_until(lambda: begun == ["/1"])
    second = Visit(site, "/2")
    wait_until(lambda: len(site._lanes["page"]._queue) == 1)
    third = Visit(site, "/3").end()
    assert third.status.startswith("503")
    assert third.headers["Retry-After"] == "5"
    assert b"Many people" in third.body
    go_on.release(2)
    assert [first.end().status, second.end().status] == ["200 OK", "200 OK"]
    assert begun == ["/1", "/2"]
    assert site.is_at_rest


def test_logins_and_pages_do_not_keep_each_other_waiting(busy_site):
    site, go_on, begun = busy_site
    logins = [Visit(site, "/accounts/login/", "POST") for _ in range(5)]
    wait_until(lambda: len(begun) == 1)
    page = Visit(site, "/")
    wait_until(lambda: len(begun) == 2)
    health = Visit(site, "/healthz").end()
    assert health.status == "200 OK"
    go_on.release(6)
    assert {visit.end().status for visit in [*logins, page]} == {"200 OK"}


def test_the_login_page_itself_is_a_page():
    assert lane_of({"PATH_INFO": "/accounts/login/", "REQUEST_METHOD": "GET"}) == "page"
    assert lane_of({"PATH_INFO": "/accounts/login/", "REQUEST_METHOD": "POST"}) == "password"
    assert lane_of({"PATH_INFO": "/static/site.css", "REQUEST_METHOD": "GET"}) == "static"


def test_whoever_asks_seldom_comes_before_those_who_ask_again_and_again():
    lane, order = Lane(Capacity(1, 2)), []
    assert lane.enter(Client("one", "often"))

    def come(client):
        if lane.enter(Client("one", client)):
            order.append(client)
            lane.leave()
        else:
            order.append(f"not {client}")

    def begin(client, waiting):
        threads.append(threading.Thread(target=come, args=(client,)))
        threads[-1].start()
        wait_until(lambda: len(lane._queue) == waiting)

    threads = []
    begin("often", 1)
    begin("often", 2)
    begin("seldom", 2)  # the other one is refused instead
    wait_until(lambda: order == ["not often"])
    lane.leave()
    for thread in threads:
        thread.join(20)
    assert order == ["not often", "seldom", "often"]


def test_one_address_with_many_connections_does_not_keep_another_waiting():
    lane, order, threads = Lane(Capacity(1, 3)), [], []
    assert lane.enter()

    def come(address, number):
        if lane.enter(Client(address, str(number))):
            order.append(address)
            lane.leave()

    for number in range(3):
        threads.append(threading.Thread(target=come, args=("many", number)))
        threads[-1].start()
    wait_until(lambda: len(lane._queue) == 3)
    threads.append(threading.Thread(target=come, args=("other", 0)))
    threads[-1].start()  # one of the others is refused instead
    wait_until(lambda: not all(thread.is_alive() for thread in threads))
    lane.leave()
    for thread in threads:
        thread.join(20)
    assert order == ["other", "many", "many"]


def test_behind_a_proxy_the_address_that_it_saw_counts(settings):
    environ = {"REMOTE_ADDR": "10.0.0.1", "REMOTE_PORT": "5", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.1"}
    assert client_of(environ) == Client("10.0.0.1", "5")
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert client_of(environ) == Client("192.0.2.1")


def test_whoever_has_waited_too_long_is_told_to_come_back():
    lane = Lane(Capacity(1, 3, patience_seconds=0.05))
    assert lane.enter()
    assert not lane.enter()
    lane.leave()
    assert lane.enter()


def test_a_place_is_free_again_after_an_error():
    def application(environ, start_response):
        raise RuntimeError

    lanes = dict.fromkeys(["page", "password", "static", "health"], Capacity(1, 0))
    site = Admission(application, lanes)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            site({"PATH_INFO": "/"}, None)
    assert site.is_at_rest


def test_a_place_is_held_until_a_streamed_answer_has_ended():
    lanes = dict.fromkeys(["page", "password", "static", "health"], Capacity(1, 0))
    site = Admission(lambda environ, start_response: iter([b"a", b"b"]), lanes)
    answer = site({"PATH_INFO": "/"}, None)
    assert next(iter(answer)) == b"a"
    assert not site.is_at_rest
    answer.close()
    assert site.is_at_rest


def test_a_file_that_the_server_sends_takes_no_place():
    class FileWrapper:
        pass

    lanes = dict.fromkeys(["page", "password", "static", "health"], Capacity(1, 0))
    site = Admission(lambda environ, start_response: FileWrapper(), lanes)
    answer = site({"PATH_INFO": "/", "wsgi.file_wrapper": FileWrapper}, None)
    assert isinstance(answer, FileWrapper)
    assert site.is_at_rest
