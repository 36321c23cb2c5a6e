import gc

from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = "Findings"

    def ready(self) -> None:
        """What is loaded by now stays to the end: nobody looks through it for garbage, at work, after a fork, or at the end.

        `manage.py` and gunicorn's configuration begin without looking for any.
        """
        gc.freeze()
        gc.enable()
