# SPDX-License-Identifier: GPL-2.0-or-later
"""getopt(3) of the C library: options among the arguments, grouped, with and without a value."""


class Refused(Exception):
    """An option that the program does not have; str() is what the C library says of it."""


def parse(name, options, words):
    """Sort out a command line.

    :param name: the program, for messages
    :param options: as getopt(3) takes them: "ab:c::"
    :param words: the arguments
    :returns: (list of (letter, value or None) in order, list of the other words)
    :raises Refused: an option is not known, or lacks its value
    """
    takes, position = {}, 0
    while position < len(options):
        letter = options[position]
        colons = len(options[position + 1:position + 3]) - len(
            options[position + 1:position + 3].lstrip(":"))
        takes[letter] = colons
        position += 1 + colons
    found, rest, words = [], [], list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            return found, rest + words
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter not in takes:
                raise Refused("%s: invalid option -- '%s'" % (name, letter))
            value = None
            if takes[letter]:
                value, letters = letters or None, ""
                if value is None and takes[letter] == 1:
                    if not words:
                        raise Refused("%s: option requires an argument -- '%s'" % (name, letter))
                    value = words.pop(0)
            found.append((letter, value))
    return found, rest
