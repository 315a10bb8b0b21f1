import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# In a process of its own: that of the tests has trained, and knows TensorFlow.
PROGRAM = """
from bot.launcher import prepare_environment
prepare_environment()
from bot.without_tensorflow import (
    TensorflowLeftOut, import_rasa_without_tensorflow
)
import_rasa_without_tensorflow()
import sys
assert "tensorflow.python.pywrap_tensorflow" not in sys.modules
import tensorflow as tf
from rasa.core.policies.ted_policy import TEDPolicy
from rasa.nlu.classifiers.diet_classifier import DIET
from rasa.core.policies.rule_policy import RulePolicy
assert RulePolicy.get_default_config()
assert not isinstance(1, tf.Tensor)
for use in (lambda: tf.constant(1), lambda: tf.keras.Sequential([]), lambda: DIET()):
    try:
        use()
    except TensorflowLeftOut:
        continue
    raise AssertionError("used")
print("done")
"""


def test_rasa_is_there_and_tensorflow_is_not():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, timeout=120
    )
    assert done.stdout.decode().strip() == "done", done.stderr.decode()
