"""What can go wrong with a whole import; a single bad row is never an exception."""


class ImportFault(Exception):
    """The import cannot go on; the message is one sentence that says what to do."""


class Stopped(Exception):
    """The import was told to stop."""


class ReportLost(Exception):
    """The rows were stored, but the report could not be written."""


class BrokenFile(ImportFault):
    """A file cannot be read to its end."""
