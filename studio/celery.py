"""Celery carries nudges, never truth: what is to be done is in the rows (rendering/fleet/queue.py)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

from django.conf import settings

app = Celery("studio", broker=settings.BROKER_URL)
app.conf.update(
    task_acks_late=False,  # a lost nudge is sent again by the sweep
    worker_disable_prefetch=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_soft_shutdown_timeout=20,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_publish_retry_policy={
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.2,
    },
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
        "queue_order_strategy": "priority",
    },
    visibility_timeout=3600,
    task_default_queue="render",
    task_routes={
        "rendering.tasks.speak": {"queue": "speech"},
        "studio.tasks.prepare_avatar": {"queue": "speech"},
        "studio.tasks.measure_voice": {"queue": "speech"},
        "studio.tasks.prepare_clip": {"queue": "clips"},
        "studio.tasks.check_batch": {"queue": "clips"},
        "studio.tasks.run_batch": {"queue": "clips"},
    },
    timezone="UTC",
)
app.autodiscover_tasks(["rendering", "studio"])
