"""A server of buckets (moto, over HTTP) for tests."""

from contextlib import contextmanager


@contextmanager
def bucket_server():
    """Gives its address."""
    from moto.server import ThreadedMotoServer  # large: loaded when it is needed

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
