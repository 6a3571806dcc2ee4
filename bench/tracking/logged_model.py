"""A trained translator as an MLflow model: text in, text out, with its code and its versions."""

import logging
from importlib.metadata import version
from pathlib import Path

import mlflow.pyfunc

REQUIREMENTS = (
    "torch",
    "numpy",
    "safetensors",
    "spacy",
    "sacremoses",
    "sentencepiece",
    "pydantic",
    "platformdirs",
)
PACKAGE = Path(__file__).parents[1]
ENTRY = Path(__file__).with_name("pyfunc_entry.py")


def save_logged_model(folder: Path, translator: Path) -> None:
    """Write a folder that `mlflow.pyfunc.load_model` and `mlflow models serve` understand.

    Args:
        folder: to be made.
        translator: a folder written by `save_translator`.
    """
    # It would explain at length how type hints become signatures.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.pyfunc.save_model(
        path=str(folder),
        python_model=str(ENTRY),
        artifacts={"translator": str(translator)},
        code_paths=[str(PACKAGE)],
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
    )
