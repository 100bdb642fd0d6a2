"""GET /healthz, /readyz and /metrics: liveness, readiness and Prometheus metrics."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from webapp.http import metrics
from webapp.http.lanes import runs_in
from webapp.retraining import lost
from webapp.services import services
from webapp.storage.tables import Run, RunStatus
from webapp.threads import Lane

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@runs_in(Lane.GREENLET)
def alive() -> Response:
    """Liveness: the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@runs_in(Lane.MONITORING)
def ready() -> tuple[Response, HTTPStatus]:
    """Readiness: 503 where a load balancer should send requests to another host.

    That is before a shutdown, and for what is wrong on this host only. A fault that all hosts
    share, such as a database server that is away, takes none of them out: they go on reading
    pictures.
    """
    faults = services().readiness.faults()
    is_draining = services().is_draining()
    status = "draining" if is_draining else "degraded" if faults else "ok"
    models = services().models
    body = jsonify(
        status=status,
        faults={fault.part: fault.reason for fault in faults},
        model=models.default,
        version=models.get().card.version,
    )
    is_out = is_draining or any(fault.is_local for fault in faults)
    return body, HTTPStatus.SERVICE_UNAVAILABLE if is_out else HTTPStatus.OK


@blueprint.get("/metrics")
@runs_in(Lane.MONITORING)
def counts() -> Response:
    """Metrics of all worker processes, and of the queue, in Prometheus's text format."""
    return metrics.exposition(_of_runs())


def _of_runs() -> list[Metric]:
    """The number of runs in each state; nothing while the database is not available.

    What is lost is marked first, as an alert asks for it while nobody looks at a page.
    """
    database = services().database
    if not database.exists:
        return []
    lost.mark_all(database)
    by_state = select(Run.state, func.count()).group_by(Run.state)
    try:
        with database.reading() as session:
            counts = dict(session.execute(by_state).all())
    except SQLAlchemyError:  # /readyz tells
        return []
    runs = GaugeMetricFamily("inkling_runs", "Retraining runs, by state", labels=["state"])
    for state in RunStatus:
        runs.add_metric([state], counts.get(state, 0))
    return [runs]
