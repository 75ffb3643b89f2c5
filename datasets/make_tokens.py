#!/usr/bin/env python3
"""Train a small byte-level BPE on a text and write its ids as .npy files for the dataset `tokens`.

    pip install tokenizers numpy
    datasets/make_tokens.py --vocab 1024 --out datasets/cache/books TRAIN [VALID [TEST]]

TRAIN, VALID and TEST are text files, plain or gzip; the tokenizer sees TRAIN alone. Written are
OUT.train.npy, OUT.valid.npy, OUT.test.npy, OUT.bytes.txt (bytes of text of each id, a line each)
and OUT.json (the tokenizer). Nothing of the program needs this script or Python.
"""
import argparse
import gzip

import numpy
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"
MOST = 65535  # ids that the dataset takes


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return data.decode("utf-8", errors="replace")


def train(text, vocab):
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        text.splitlines(keepends=True),
        trainers.BpeTrainer(
            vocab_size=vocab,
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return made


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("files", nargs="+", help="TRAIN [VALID [TEST]]")
    p.add_argument("--vocab", type=int, default=1024)
    p.add_argument("--out", required=True, help="beginning of the names of what is written")
    a = p.parse_args()
    if len(a.files) > 3:
        p.error(f"at most three files, got {len(a.files)}")
    if not 257 <= a.vocab <= MOST:
        p.error(f"--vocab: must be 257 to {MOST}, got {a.vocab}")
    texts = [read(f) for f in a.files]
    made = train(texts[0], a.vocab)
    vocab = made.get_vocab_size()
    # In the byte-level alphabet a character is a byte; the end of a document stands for none.
    size = [0 if made.id_to_token(i) == END else len(made.id_to_token(i)) for i in range(vocab)]
    for split, text in zip(("train", "valid", "test"), texts):
        ids = numpy.array(made.encode(text).ids, dtype="<u2")
        total = sum(size[i] for i in ids.tolist())
        if total != len(text.encode("utf-8")):
            raise SystemExit(f"{split}: ids stand for {total} bytes, the text has {len(text.encode('utf-8'))}")
        numpy.save(f"{a.out}.{split}.npy", ids)
        print(f"{a.out}.{split}.npy: {len(ids)} ids, {total / max(1, len(ids)):.3f} bytes each")
    with open(f"{a.out}.bytes.txt", "w") as f:
        f.writelines(f"{n}\n" for n in size)
    made.save(f"{a.out}.json")
    print(f'"vocab": {vocab}, "token_bytes": "{a.out}.bytes.txt", "end_of_document": {made.token_to_id(END)}')


if __name__ == "__main__":
    main()
