"""The CRM backend: facts, rights and the conversation gateway of Deskmate."""

__version__ = "0.1.0"
