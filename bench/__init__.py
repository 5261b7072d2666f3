"""Measurements of upshot beside Celery's own backends and the raw drivers."""
