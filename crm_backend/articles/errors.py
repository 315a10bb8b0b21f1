"""What can be wrong with the articles."""


class ArticleError(ValueError):
    """An article cannot be used; the message is one sentence that names the file."""
