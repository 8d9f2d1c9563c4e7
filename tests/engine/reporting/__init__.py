"""Tests of mmdesk.engine.reporting."""
