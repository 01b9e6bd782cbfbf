from studio.gateway.application import Gateway
from studio.wsgi import application as wsgi

application = Gateway(wsgi)
