"""Make a Label Studio project of each kind of task in this folder.

First: pip install label-studio-sdk, and put the address of the server and your key into the environment:
LABEL_STUDIO_URL (default http://localhost:8080) and LABEL_STUDIO_API_KEY (under Account & Settings).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from label_studio_sdk import LabelStudio

HERE = Path(__file__).resolve().parent
BATCH = 500  # tasks in one request


def main() -> None:
    """One project per config_<kind>.xml, with all its tasks."""
    key = os.environ.get("LABEL_STUDIO_API_KEY")
    if not key:
        sys.exit("set LABEL_STUDIO_API_KEY to the key under Account & Settings of your Label Studio")
    client = LabelStudio(base_url=os.environ.get("LABEL_STUDIO_URL", "http://localhost:8080"), api_key=key)
    for layout in sorted(HERE.glob("config_*.xml")):
        kind = layout.stem.removeprefix("config_")
        project = client.projects.create(title=f"remud {kind}", label_config=layout.read_text("utf-8"))
        if kind != "text":
            pictures = str(HERE / "images")
            client.import_storage.local.create(project=project.id, path=pictures, use_blob_urls=True, title="pictures")
        count = 0
        for file in sorted(HERE.glob(f"tasks_{kind}-*.json")):
            tasks = json.loads(file.read_text("utf-8"))
            for start in range(0, len(tasks), BATCH):
                client.projects.import_tasks(id=project.id, request=tasks[start : start + BATCH])
            count += len(tasks)
        sys.stdout.write(f"project {project.id} 'remud {kind}': {count} tasks\n")


if __name__ == "__main__":
    main()
