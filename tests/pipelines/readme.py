"""The tables of the README that come from the corpus itself."""

import json

import onnx

import reference

# Further apart than this, graph and library compute something else, not the same with other bits.
APART = 1e-3
# As far as the tests let numbers be apart.
MOVED = 1e-5
WORDS_MAX = 150


def write(path, models, refused):
    """Puts the tables between their markers."""
    documents = {file.stem: json.loads(file.read_text()) for file in sorted(models.glob("*.json"))}
    text = path.read_text(encoding="utf-8")
    for marker, lines in {
        "size": size(models, documents),
        "refused": refusals(refused),
        "library": disagreements(documents),
        "moved": moves(documents),
        "operators": operators(models),
    }.items():
        begin, end = f"<!-- {marker} -->\n", f"<!-- end of {marker} -->"
        head, rest = text.split(begin)
        _, tail = rest.split(end)
        text = head + begin + "\n".join(lines) + "\n" + end + tail
    path.write_text(text, encoding="utf-8")


def size(models, documents):
    """How much there is."""
    n_bytes = sum(file.stat().st_size for file in models.iterdir())
    n_rows = sum(next(iter(d["inputs"].values()))["shape"][0] for d in documents.values())
    return [f"{len(documents)} pipelines, {n_rows} rows, {n_bytes / 1e6:.1f} MB."]


def refusals(refused):
    """What is not in the corpus."""
    lines = ["| pipeline | estimator | fails at | words |", "|---|---|---|---|"]
    for pipeline, refusal in refused:
        words = refusal.words.replace("|", "/").replace("[ONNXRuntimeError] : ", "")
        words = words if len(words) <= WORDS_MAX else words[:WORDS_MAX].rsplit(" ", 1)[0] + " ..."
        kind = type(pipeline.estimator).__name__
        lines.append(f"| `{pipeline.name}` | {kind} | {refusal.stage} | {words} |")
    return lines


def disagreements(documents):
    """Where onnxruntime and the library give something else."""
    lines = ["| pipeline | output | rows with another label | numbers apart | at thresholds |"]
    lines.append("|---|---|---|---|---|")
    for name, document in documents.items():
        for output, found in document["library"].items():
            labels = found.get("labels_differ", [])
            apart, edge = found.get("apart", 0.0), found.get("apart_at_thresholds", 0.0)
            if labels or apart > APART or edge > APART:
                shown = [", ".join(map(str, labels)) if len(labels) < 13 else f"{len(labels)} rows"]
                shown += [f"{value:.0e}" if value > APART else "" for value in (apart, edge)]
                lines.append(f"| `{name}` | `{output}` | {' | '.join(shown)} |")
    return lines


def moves(documents):
    """Where onnxruntime answers a row alone otherwise than in a batch."""
    lines = ["| pipeline | output | largest relative distance |", "|---|---|---|"]
    for name, document in documents.items():
        for output, found in document["alone"].items():
            if output == "refused":
                lines.append(f"| `{name}` | | does not run on a single row |")
            elif found["moved"] > MOVED:
                kind = document["outputs"][output]["dtype"]
                shown = f"{found['moved']:.0e}" if kind.startswith("FP") else "another label"
                lines.append(f"| `{name}` | `{output}` | {shown} |")
    return lines


def operators(models):
    """How many pipelines use each operator."""
    used = {}
    for file in sorted(models.glob("*.onnx")):
        for node in reference.operators(onnx.load(file)):
            used.setdefault((node.domain or "ai.onnx", node.op_type), set()).add(file.stem)
    lines = ["| domain | operators (pipelines that use them) |", "|---|---|"]
    for domain in sorted({domain for domain, _ in used}):
        counts = {op: len(names) for (of, op), names in used.items() if of == domain}
        shown = [
            f"{op} {n}" for op, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]
        lines.append(f"| {domain} | {', '.join(shown)} |")
    return lines
