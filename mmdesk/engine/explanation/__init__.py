"""Prediction and its explanation."""
