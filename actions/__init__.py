"""Rasa actions: what the assistant looks up and does, through the CRM."""
