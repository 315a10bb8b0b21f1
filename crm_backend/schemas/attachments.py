"""Files that are sent in conversations."""

from uuid import UUID

from crm_backend.api import Schema


class AttachmentFields(Schema):
    """What comes with a file."""

    client_message_id: UUID


class AttachmentIn(AttachmentFields):
    """A file; what it is is told by its content."""

    file: bytes
