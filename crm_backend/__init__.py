"""The CRM backend: facts, rights and the conversation gateway of Deskmate."""

__version__ = "0.1.0"

import os

# Threads of scikit-learn that wait for each other would spin, and on a core that a
# chat needs too they get in each other's way: grouping a demo shop's customers took
# 4 minutes in place of 2 seconds. It has to be said before the first of them starts.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
