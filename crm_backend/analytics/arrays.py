"""The kinds of arrays that the functions here take and give."""

from typing import Any

import numpy as np

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
IntArray = np.ndarray[tuple[Any, ...], np.dtype[np.signedinteger[Any]]]
BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
