"""Checks that a file is a PNG, JPEG, WebP, GIF or HEIC image or a PDF document: a module each; examine.py chooses.

The checks read containers: headers, dimensions, where the picture is, where the file ends. They decode no picture, so
a small file that unpacks to gigabytes costs nothing, and they hold at most some kilobytes of a file in memory.
"""
