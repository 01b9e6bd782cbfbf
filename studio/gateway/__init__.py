"""The web server's edge. An event loop holds every connection; a thread is taken only while a view runs.

connections.py bounds the connections and their time, bodies.py what they send, pools.py the threads, waits.py
those who wait for a render; application.py puts them before the WSGI application, which knows nothing of it.
"""
