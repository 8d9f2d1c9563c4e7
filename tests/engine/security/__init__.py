"""Tests of mmdesk.engine.security."""
