"""Tests of mmdesk.engine.store."""
