"""Kibana's objects: read from `dashboards/kibana/`, generated for the services there are, and kept as defined."""

from __future__ import annotations

from provisioner.kibana.keeper import Around, reconcile, remove
from provisioner.kibana.loader import load
from provisioner.kibana.model import KibanaResult, Service

__all__ = ["Around", "KibanaResult", "Service", "load", "reconcile", "remove"]
