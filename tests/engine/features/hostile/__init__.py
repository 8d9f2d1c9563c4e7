"""Hostile and odd files of every kind, made on the spot, and the worker task that judges what becomes of them."""
