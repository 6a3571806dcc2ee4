"""What MLflow runs to load a logged translator."""

from pathlib import Path
from typing import Any

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from bench.evaluation.translator import Translator


class TranslatorModel(PythonModel):  # type: ignore[misc]
    """Translates French sentences."""

    def load_context(self, context: Any) -> None:
        """Read the translator from the model's artifacts."""
        self._translator = Translator.load(Path(context.artifacts["translator"]))

    def predict(self, model_input: list[str]) -> list[str]:
        """Translate each sentence."""
        return self._translator.translate(model_input)


set_model(TranslatorModel())
