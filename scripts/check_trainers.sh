#!/usr/bin/env bash
# The trainers' own loaders and two steps of training over the mixed corpus of the exporter tests, on a CPU, without downloads
# of models: LLaMA-Factory, ms-swift, TRL, datasets, webdataset, label-studio-sdk.
#
#     scripts/check_trainers.sh [WORK]
#
# WORK (default: a temporary folder) keeps the three environments, 4.5 GB; about ten minutes the first time. Every record must arrive,
# every picture must be seen, and the trained words must be the thinking and the answer with their tags and the end token.
# docs/reference/trainers.md holds the last output.
set -euo pipefail
cd "$(dirname "$0")/.."
HERE=$PWD
WORK=${1:-$(mktemp -d)}
mkdir -p "$WORK"
WORK=$(cd "$WORK" && pwd)
TRAINERS=$HERE/scripts/trainers

# torch of the CPU build comes first and stays; what needs CUDA to install is left out, and cpu_vision.py does without it.
build() {
    local name=$1
    shift
    [ -e "$WORK/$name/.ready" ] && return
    echo "building $name: $*"
    python3 -m venv --clear "$WORK/$name"
    "$WORK/$name/bin/pip" install --quiet torch==2.13.0 uv
    local torch
    torch=$("$WORK/$name/bin/python" -c 'import importlib.metadata as m; print(m.version("torch"))')
    printf 'torch==%s\ntorchvision; python_version<"3"\ntorchaudio; python_version<"3"\ntriton; python_version<"3"\n' \
        "$torch" >"$WORK/overrides.txt"
    "$WORK/$name/bin/uv" pip install --quiet --python "$WORK/$name/bin/python" --override "$WORK/overrides.txt" "$@"
    "$WORK/$name/bin/pip" install --quiet --no-deps torchvision==0.28.0
    touch "$WORK/$name/.ready"
}
build hub datasets==5.2.0 trl==1.16.0 transformers==5.23.0 webdataset label-studio-sdk \
    qwen-vl-utils accelerate peft jinja2 tiktoken dashscope pyarrow
build llamafactory llamafactory==0.9.5 qwen-vl-utils
build swift ms-swift==4.6.0 qwen-vl-utils

[ -x .venv/bin/python ] || make venv
rm -rf "$WORK/mixed" "$WORK/out"
.venv/bin/python -m scripts.trainers.export_mixed "$WORK/mixed"
EXPORTS=$WORK/mixed/exports
MODELS=$WORK/models
[ -d "$MODELS/qwen3_vl" ] || "$WORK/hub/bin/python" "$TRAINERS/tiny_qwen.py" "$MODELS" 2>/dev/null

export HF_DATASETS_CACHE=$WORK/cache MODELSCOPE_CACHE=$WORK/cache TOKENIZERS_PARALLELISM=false
LOG=$WORK/log
mkdir -p "$LOG"

# Runs a check, shows its own lines, and the end of everything where it fails.
run() {
    local log=$LOG/$1
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log"
        echo "FAILED: $*"
        exit 1
    fi
    { grep -E ': ok$|^TRL: losses' "$log" || true; } | sed 's/^/  /'
}
losses() { grep -oE "'(loss|train_loss)': '?[0-9.e-]+" "$LOG/$1" | tr -d "'" | paste -sd' ' | sed "s/^/  $1: /"; }

echo "datasets, webdataset, label-studio-sdk"
run hub "$WORK/hub/bin/python" "$TRAINERS/load_hub.py" "$EXPORTS"

echo "TRL"
for model in qwen2_5_vl qwen3_vl; do
    run "trl-$model" "$WORK/hub/bin/python" "$TRAINERS/load_trl.py" "$EXPORTS/trl/data/train-00000-of-00001.parquet" "$EXPORTS/raw" "$MODELS/$model" 2
    PYTHONPATH=$TRAINERS/site run "trl-script-$model" "$WORK/hub/bin/python" "$EXPORTS/trl/train_trl.py" "$MODELS/$model" --max_steps 2 \
        --use_cpu true --bf16 false --gradient_accumulation_steps 1 --logging_steps 1 --save_strategy no --gradient_checkpointing false \
        --output_dir "$WORK/out/trl-$model"
    losses "trl-script-$model"
done

echo "LLaMA-Factory"
for pair in qwen2_5_vl:train_qwen2.5_vl.yaml qwen3_vl:train_qwen3_vl_instruct.yaml qwen3_vl:train_qwen3_vl_thinking.yaml; do
    model=$MODELS/${pair%%:*} training=${pair#*:}
    run "llamafactory-load-$training" "$WORK/llamafactory/bin/python" "$TRAINERS/load_llamafactory.py" \
        "$EXPORTS/llamafactory" "$EXPORTS/raw" "$model" "$training"
    (
        cd "$EXPORTS/llamafactory"
        PYTHONPATH=$TRAINERS/site run "llamafactory-train-$training" "$WORK/llamafactory/bin/llamafactory-cli" train "$training" \
            model_name_or_path="$model" max_steps=2 use_cpu=true bf16=false gradient_accumulation_steps=1 \
            preprocessing_num_workers=1 logging_steps=1 save_strategy=steps save_steps=100 report_to=none \
            output_dir="$WORK/out/$training"
    )
    losses "llamafactory-train-$training"
done

echo "ms-swift"
for kind in qwen2_5_vl qwen3_vl; do
    run "swift-load-$kind" "$WORK/swift/bin/python" "$TRAINERS/load_swift.py" "$EXPORTS/swift" "$EXPORTS/raw" "$MODELS/$kind" "$kind"
    PATH=$WORK/swift/bin:$PATH PYTHONPATH=$TRAINERS/site MODEL=$MODELS/$kind run "swift-train-$kind" \
        sh "$EXPORTS/swift/run_swift.sh" --model_type "$kind" --template "$kind" --torch_dtype float32 --use_cpu true \
        --bf16 false --fp16 false --attn_impl eager --gradient_checkpointing false --max_steps 2 --save_strategy no \
        --eval_strategy no --logging_steps 1 --report_to none --gradient_accumulation_steps 1 --dataset_num_proc 1 \
        --output_dir "$WORK/out/swift-$kind"
    losses "swift-train-$kind"
done

echo "all trainers took every record"
for pair in "hub:datasets trl transformers peft webdataset label-studio-sdk torch" "llamafactory:llamafactory transformers" "swift:ms-swift transformers"; do
    "$WORK/${pair%%:*}/bin/python" -c '
import sys
from importlib.metadata import version
print(f"  {sys.argv[1]}:", ", ".join(f"{name} {version(name)}" for name in sys.argv[2].split()))' "${pair%%:*}" "${pair#*:}"
done
