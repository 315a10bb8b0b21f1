"""Colleagues and their sign-in."""

from typing import Literal

from pydantic import Field

from crm_backend.api import Schema
from crm_backend.schemas.common import LINE_PATTERN, Line


class SignIn(Schema):
    """What a colleague proves themselves with."""

    email: Line
    password: str = Field(min_length=1, max_length=200, pattern=LINE_PATTERN)


class StaffOut(Schema):
    """A colleague."""

    email: str
    name: str
    role: Literal["agent", "rep", "manager", "admin"]
