"""Executors: name -> class, imported on use by the registry. Output bytes do not depend on which one ran."""

TABLE: dict[str, str] = {
    "processes": "remud_gen.runner.executors.processes:ProcessExecutor",
    "serial": "remud_gen.runner.executors.serial:SerialExecutor",
}
