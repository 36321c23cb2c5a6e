"""Which shape of templates/_icons.html stands for a value, without its `i-`. None is "No status" and "No priority"."""

from issues.models import Priority, Status

STATUS_ICONS: dict[str | None, str] = {
    Status.OPEN.value: "st-open",
    Status.IN_PROGRESS.value: "st-prog",
    Status.RESOLVED.value: "st-done",
    Status.REJECTED.value: "st-rej",
    None: "st-none",
}
PRIORITY_ICONS: dict[str | None, str] = {
    Priority.HIGH.value: "p-high",
    Priority.MEDIUM.value: "p-medium",
    Priority.LOW.value: "p-low",
    None: "p-none",
}
