"""Turns alarms into messages for people."""
