#!/bin/sh
# Starts Label Studio so that it finds the pictures of this folder. First: pip install label-studio
# Then, in another terminal, push_labelstudio.py makes the projects. Further arguments go to `label-studio start`.
here=$(cd "$(dirname "$0")" && pwd)
LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT="$here" \
    exec label-studio start "$@"
