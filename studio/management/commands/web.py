"""The web server: the site and the API in one process."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from studio.gateway.server import Server, tune


class Command(BaseCommand):
    help = "Serves the site and the API until it is stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="HOST:PORT")

    def handle(self, *args: Any, bind: str, **options: Any) -> None:
        host, _, port = bind.rpartition(":")
        # When all is done, uvicorn raises the signal that ended it again; this makes that a plain end.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        tune()
        from studio.asgi import application  # makes the threads

        Server(application, host, int(port)).run()
