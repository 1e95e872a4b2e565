#!/usr/bin/env python3
"""Writes resize_golden.def: what Pillow's bicubic resize makes of pictures drawn by formula.

Needs Pillow (made with Debian's python3-pil 9.4). Run: python3 make_golden.py > resize_golden.def
"""
from PIL import Image

SIZES = [(1, 1, 7, 5), (64, 48, 33, 33), (640, 480, 336, 336), (400, 3, 20, 9), (13, 17, 29, 7),
         (21, 9, 21, 9), (21, 9, 21, 4), (21, 9, 40, 9), (5, 5, 1, 1), (2, 3, 64, 64), (100, 100, 336, 336)]
KINDS = ["NOISE", "CHECKS", "PLAIN"]


def draw(kind, w, h):
    out, state = bytearray(), 1
    for y in range(h):
        for x in range(w):
            for c in range(3):
                state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
                out.append({"NOISE": state >> 24, "CHECKS": 255 * ((x + y + c) % 2), "PLAIN": 90 + 70 * c}[kind])
    return bytes(out)


def fnv1a(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


print("/* CASE(kind, w, h, ow, oh, FNV-1a of Pillow's bytes): written by make_golden.py. */")
for kind in KINDS:
    for w, h, ow, oh in SIZES:
        made = Image.frombytes("RGB", (w, h), draw(kind, w, h)).resize((ow, oh), Image.Resampling.BICUBIC)
        print(f"CASE({kind}, {w}, {h}, {ow}, {oh}, 0x{fnv1a(made.tobytes()):016x})")
