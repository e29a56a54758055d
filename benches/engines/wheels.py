"""Networks that people use, out of the pip wheels that they ship in.

    magika              which kind of file some bytes are: dense layers
    silero-vad          whether somebody speaks: a small convolution and an LSTM, behind `If`
    rapidocr            where text stands in an image, which way up, and what it says: convolutions
"""

import subprocess
import sys
import zipfile

import numpy as np
import onnx

SILERO = "silero_vad/data/"
OCR = "rapidocr_onnxruntime/models/"
WHEELS = {
    "magika": "magika==1.0.3",
    "silero": "silero-vad==6.2.3",
    "ocr": "rapidocr-onnxruntime==1.4.4",
}


def makers(folder):
    """Functions that unpack a network and make its inputs, by name."""
    unpack = lambda wheel, path, batches: lambda _: (
        onnx.load_from_string(member(folder / "wheels", wheel, path)),
        batches(),
    )
    image = lambda height, width, *batches: lambda: {
        n: {"x": normal(n, 3, height, width)} for n in batches
    }
    return {
        "magika": unpack("magika", "magika/models/standard_v3_3/model.onnx", files),
        "silero-vad": unpack("silero", SILERO + "silero_vad.onnx", lambda: speech(True)),
        "silero-vad-ifless": unpack("silero", SILERO + "silero_vad_op18_ifless.onnx", lambda: speech(True)),
        "silero-vad-openvino": unpack("silero", SILERO + "silero_vad_openvino_16k.onnx", lambda: speech(False)),
        "ocr-find": unpack("ocr", OCR + "ch_PP-OCRv4_det_infer.onnx", image(320, 320, 1)),
        "ocr-read": unpack("ocr", OCR + "ch_PP-OCRv4_rec_infer.onnx", image(48, 320, 1, 6)),
        "ocr-turn": unpack("ocr", OCR + "ch_ppocr_mobile_v2.0_cls_infer.onnx", image(48, 192, 1)),
    }


def normal(*shape):
    """Normal numbers."""
    return np.random.RandomState(5).randn(*shape).astype(np.float32)


def files():
    """The first and the last kibibyte of files."""
    random = np.random.RandomState(6)
    return {n: {"bytes": random.randint(0, 257, (n, 2048), dtype=np.int32)} for n in (1, 8)}


def speech(has_rate):
    """A 32 ms piece of sound at 16 kHz behind 64 samples of the piece before, and no memory."""
    inputs = {"input": 0.1 * normal(1, 576), "state": np.zeros((2, 1, 128), np.float32)}
    if has_rate:
        inputs["sr"] = np.int64(16000)
    return {1: inputs}


def member(folder, wheel, path):
    """The bytes of a file inside of a wheel, which is fetched if it is not in the folder."""
    name, version = WHEELS[wheel].split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(folder.glob(pattern)):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        pip += ["--only-binary", ":all:", "--dest", str(folder), WHEELS[wheel]]
        subprocess.run(pip, check=True)
    (archive,) = folder.glob(pattern)
    with zipfile.ZipFile(archive) as files:
        return files.read(path)
