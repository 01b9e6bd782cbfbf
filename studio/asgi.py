"""The site for an ASGI server: the gateway in front of the WSGI application."""

from studio.gateway.application import Gateway
from studio.wsgi import application as wsgi

application = Gateway(wsgi)
